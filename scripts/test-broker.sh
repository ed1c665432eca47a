#!/usr/bin/env bash
# Brings aedes, the broker that the MQTT client's contract tests run against beside Mosquitto, from npm below artifacts.
# Fails with one line where it cannot be had: those tests are left out then. Can be run twice; the second time it does nothing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
source=$root/tests/Testing/Aedes
target=$root/artifacts/aedes
log=$root/artifacts/aedes.log

give_up() {
  echo "aedes, a second broker for tests, cannot be brought: $1 Its tests are left out."
  exit 1
}

if cmp -s "$source/package-lock.json" "$target/brought"; then exit 0; fi
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then give_up "there is no Node.js with npm."; fi
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 20 ? 0 : 1)' || give_up "it needs Node.js 20, and this is $(node --version)."

# A minute: it is 6 MB. Only what it consists of, none of its scripts.
mkdir -p "$target"
cp "$source/package.json" "$source/package-lock.json" "$target"
(cd "$target" && timeout 60 npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1 || give_up "npm says no (log: $log)."
cp "$source/package-lock.json" "$target/brought"
