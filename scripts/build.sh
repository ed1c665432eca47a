#!/usr/bin/env bash
# usage: build.sh PROJECT-OR-SOLUTION
# Builds it in Release, unless nothing that goes into it has changed since it was built last.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
what=$1
stamp=artifacts/built-$(basename "$what")
log=artifacts/build.log

fail() {
  echo "$1" >&2
  exit 3
}

# By content: a checkout touches files that it does not change. About 20 ms.
inputs() {
  local folders=(AppHost services)
  if [ "$what" != AppHost ]; then folders+=(tests); fi
  find "${folders[@]}" Directory.Build.props Directory.Packages.props global.json .editorconfig -type f \
    -not -path '*/bin/*' -not -path '*/obj/*' -not -path '*/TestResults/*' | LC_ALL=C sort | xargs cksum
  echo "$(uname -sm) ${DOTNET_ROOT:-}"
}

now=$(inputs)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$now" ] && [ -f AppHost/bin/Release/net10.0/Tally.AppHost.dll ]; then exit 0; fi

command -v dotnet >/dev/null ||
  fail "The .NET SDK 10 is needed and there is no 'dotnet' on PATH: https://dotnet.microsoft.com/download/dotnet/10.0 has it."
(cd / && dotnet --list-sdks) | grep -q '^10\.' ||
  fail "The .NET SDK 10 is needed; there is: $(cd / && dotnet --list-sdks | cut -d' ' -f1 | paste -sd, -). https://dotnet.microsoft.com/download/dotnet/10.0 has it."

# A build replaces the files that a running one has loaded.
if [ -f artifacts/local/lock ] && command -v flock >/dev/null && ! flock -n artifacts/local/lock true; then
  fail "Tally is running in this clone and its sources have changed: stop it with Ctrl-C where it runs, then run this again."
fi

mkdir -p artifacts
echo "Building $what (log: $log)"
# No build server: nothing stays behind.
if ! dotnet build "$what" -c Release --disable-build-servers -nologo -clp:ErrorsOnly >"$log" 2>&1; then
  cat "$log" >&2
  exit 1
fi
echo "$now" >"$stamp"
