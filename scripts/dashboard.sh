#!/usr/bin/env bash
# usage: dashboard.sh [OPTIONS OF run.sh]
# Brings the Aspire dashboard where npm is, unless those options leave it out or it is there. It is not needed: without npm, or
# when npm cannot bring it, this ends well and AppHost says so. Can be run twice; the second time it does nothing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
version=13.5.4
directory=$root/artifacts/dashboard
log=$root/artifacts/dashboard.log
limit=300 # seconds: 60 MB over a slow line

wanted=yes
for option in "$@"; do
  case $option in
    --dashboard) wanted=always ;;
    --no-dashboard | --help | -h | -\? | --version) exit 0 ;;
    --exit) if [ "$wanted" = yes ]; then wanted=no; fi ;;
  esac
done

if [ "$wanted" = no ] || [ -n "${OTEL_EXPORTER_OTLP_ENDPOINT-}" ] || command -v aspire >/dev/null || [ -x "$directory/aspire" ]; then exit 0; fi
mkdir -p "$directory"
if ! command -v npm >/dev/null; then
  echo "There is no npm on PATH." >"$log"
  exit 0
fi

case $(uname -sm) in
  "Linux x86_64") platform=linux-x64 ;;
  "Linux aarch64") platform=linux-arm64 ;;
  "Darwin x86_64") platform=osx-x64 ;;
  "Darwin arm64") platform=osx-arm64 ;;
  *)
    echo "There is no package for $(uname -sm)." >"$log"
    exit 0
    ;;
esac

echo "Bringing the Aspire dashboard (log: $log; --no-dashboard goes without)"
package=@microsoft/aspire-cli-$platform
# Without network it fails at once rather than after minutes of trying. macOS has no timeout(1).
bounded=()
if command -v timeout >/dev/null; then bounded=(timeout --foreground "$limit"); fi
if ${bounded[@]+"${bounded[@]}"} npm install --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-retry-mintimeout=1000 \
  --prefix "$directory/npm" "$package@$version" >"$log" 2>&1 </dev/null; then
  mv "$directory/npm/node_modules/$package/bin/aspire" "$directory/aspire"
else
  echo "npm ended with status $?." >>"$log"
fi
rm -rf "$directory/npm"
