#!/usr/bin/env bash
# usage: picture.sh
# Makes docs/pictures/resources.png and trace.png anew: a run with the dashboard, its resources and one of its traces as headless
# Chromium shows them. Needs chromium, node and npm, which brings playwright-core; leaves nothing running.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=$root/artifacts/picture
log=$work/run.log
readings=20000
limit=120 # seconds for start and run; about twenty in fact

for program in node npm chromium; do
  command -v "$program" >/dev/null || {
    echo "There is no $program on PATH." >&2
    exit 3
  }
done

mkdir -p "$work"
[ -d "$work/node_modules/playwright-core" ] ||
  npm install --ignore-scripts --no-audit --no-fund --prefix "$work" playwright-core@1.64.1 >"$work/npm.log" 2>&1

"$root/run.sh" --dashboard --infra local --messages "$readings" --rate 4000 --data "$work/data" >"$log" 2>&1 &
run=$!
stop() {
  kill -INT "$run" 2>/dev/null || true
  wait "$run" || true
  rm -rf "$work/data"
}
trap stop EXIT

for ((waited = 0; ; waited++)); do
  if grep -q "The run ended with status 0" "$log"; then break; fi
  if [ "$waited" = "$limit" ] || ! kill -0 "$run" 2>/dev/null; then
    echo "The run has not ended well; its last lines are:" >&2
    tail -n 20 "$log" >&2
    exit 1
  fi
  sleep 1
done

dashboard=$(sed -n 's|^  dashboard  *\(http://[^ ]*\)$|\1|p' "$log")
NODE_PATH=$work/node_modules node "$root/scripts/picture.cjs" "${dashboard%/}" "$root/docs/pictures"
