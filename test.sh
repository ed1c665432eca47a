#!/usr/bin/env bash
# Brings what is missing, builds, runs all tests and ends with one line: N passed, N failed.
set -euo pipefail

usage='usage: ./test.sh [--long] [--date DATE]

  --long       add the tests that take long
  --date DATE  let the tests and all that they start believe that it is DATE (UTC), for example 2028-02-29 or
               "2027-03-28 00:59:30"; needs faketime (Debian: apt-get install faketime)
  --help       print this

Exit status: 0 all passed, 1 some failed, 2 usage, 3 the environment.'

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export DOTNET_CLI_HOME=${DOTNET_CLI_HOME:-${HOME:-$root/artifacts/home}}

# Limits that make a test that hangs a failure, not a wait; together they take about ten minutes with the build, but for the
# containers, whose images may have to be built first. They take about two minutes when they are there.
unit_limit=120
integration_limit=540
endtoend_limit=420
apphost_limit=300 # two images may have to be pulled
containers_limit=420
filter=(-trait- Category=Long)
optional=()
clock=()
fail_usage() {
  echo "$1 ./test.sh --help lists what there is." >&2
  exit 2
}
while [ $# -gt 0 ]; do
  case $1 in
    --help | -h)
      echo "$usage"
      exit 0
      ;;
    --long)
      filter=()
      integration_limit=1800
      endtoend_limit=1800
      containers_limit=1800
      ;;
    --date)
      [ $# -gt 1 ] || fail_usage "--date has no value: a date is needed."
      shift
      if ! [[ $1 =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9:]+)?$ ]] || ! date=$(date -u -d "$1" +%s 2>/dev/null); then
        fail_usage "--date is '$1': a date as 2028-02-29 is needed, with or without a time."
      fi
      if ! command -v faketime >/dev/null; then
        echo "--date needs faketime, which is not on PATH (Debian: apt-get install faketime)." >&2
        exit 3
      fi
      # A difference and not a date: each process that is started would begin at the date again. Only the clock on the wall is moved,
      # and the waits of threads, which go by the other one, are left alone.
      optional+=(-trait- Needs=lock_timeout) # the handler of PostgreSQL's timer sees the true clock, and waits on
      clock=(env FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_FORCE_MONOTONIC_FIX=0 NO_FAKE_STAT=1
        faketime -m -f "$(printf '%+ds' $((date - $(date +%s))))")
      ;;
    *) fail_usage "$1: there is no such option." ;;
  esac
  shift
done

"$root/scripts/packages.sh"
if ! command -v kubectl >/dev/null; then
  echo "kubectl is not on PATH: the Kubernetes manifests are not rendered, and their tests are left out."
  optional+=(-trait- Needs=kubectl)
fi
"$root/scripts/build.sh" Microservices.sln

passed=0 failed=0 skipped=0

# Every shell script of the repository; a mistake that it finds counts as a failed test.
check_scripts() {
  if ! command -v shellcheck >/dev/null; then
    echo "shellcheck is not on PATH: the shell scripts are not checked."
    return
  fi
  echo "== shell scripts"
  # By find and not by git: a tree without its history is tested too.
  if find "$root" \( -name bin -o -name obj -o -name artifacts -o -name node_modules -o -name .git \) -prune -o \
    -type f \( -name '*.sh' -o -path "$root/.ci/run" \) -print0 | xargs -0 shellcheck; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
  fi
}

# Runs one project and adds up what it says in its last lines: "Total: 3, Errors: 0, Failed: 0, Skipped: 0, Not Run: 0".
run() {
  local name=$1 limit=$2 log=$root/artifacts/$1.log status=0 summary
  echo "== $name (at most $limit s)"
  timeout --kill-after=30 "$limit" "${clock[@]}" dotnet "$root/tests/$name/bin/Release/net10.0/Tally.$name.dll" \
    -noColor -noLogo "${filter[@]}" "${optional[@]}" 2>&1 | tee "$log" || status=$?
  summary=$(sed -n 's/.*Total: \([0-9]*\), Errors: \([0-9]*\), Failed: \([0-9]*\), Skipped: \([0-9]*\).*/\1 \2 \3 \4/p' "$log" | tail -n 1)
  if [ -z "$summary" ]; then
    if [ "$status" = 124 ] || [ "$status" = 137 ]; then echo "$name did not finish within $limit s."; else echo "$name ended with status $status."; fi
    failed=$((failed + 1))
    return
  fi
  local total errors bad skip
  read -r total errors bad skip <<<"$summary"
  passed=$((passed + total - bad - skip)) failed=$((failed + bad + errors)) skipped=$((skipped + skip))
  if [ "$status" != 0 ] && [ $((bad + errors)) = 0 ]; then
    echo "$name ended with status $status."
    failed=$((failed + 1))
  fi
}

check_scripts
run Unit.Tests "$unit_limit"
run Integration.Tests "$integration_limit"
run EndToEnd.Tests "$endtoend_limit"
run AppHost.Tests "$apphost_limit"
if docker version >/dev/null 2>&1; then
  run Containers.Tests "$containers_limit"
else
  echo "== Containers.Tests: left out, because no container engine answers ('docker version')."
fi

if [ "$skipped" -gt 0 ]; then echo "$passed passed, $failed failed, $skipped skipped"; else echo "$passed passed, $failed failed"; fi
[ "$failed" = 0 ]
