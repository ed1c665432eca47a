#!/usr/bin/env bash
# Starts Tally: brings what is missing, builds, and hands over to AppHost with all options (./run.sh --help).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export DOTNET_CLI_HOME=${DOTNET_CLI_HOME:-${HOME:-$root/artifacts/home}}

# AppHost says what is wrong with an option in detail. What it would certainly refuse is said here, before anything is downloaded or built.
infra=
expects= # the option before, which needs a value
for argument in "$@"; do
  case "$expects=$argument" in
    =--messages | =--devices | =--rate | =--qos | =--source | =--report | =--port | =--infra | =--stall-timeout | =--data | =--replicas)
      expects=$argument
      continue
      ;;
    =--no-run | =--exit | =--reset | =--dashboard | =--no-dashboard | =--help | =-h | =-\? | =--version | =--*=*) ;;
    =*)
      echo "$argument: there is no such option; ./run.sh --help lists them." >&2
      exit 2
      ;;
    --infra=local | --infra=containers) infra=$argument ;;
    --infra=* | --messages=*[!0-9,]* | --devices=*[!0-9,]* | --rate=*[!0-9,]* | --port=*[!0-9,]* | --replicas=*[!0-9,]* | --stall-timeout=*[!0-9,]* | --qos=[!012] | --qos=??*)
      echo "$expects is '$argument', which is not allowed; ./run.sh --help lists what is." >&2
      exit 2
      ;;
  esac
  expects=
done
if [ -n "$expects" ]; then
  echo "$expects has no value; ./run.sh --help lists what is allowed." >&2
  exit 2
fi

engine=${ASPIRE_CONTAINER_RUNTIME:-docker}
if [ "$infra" = local ] || { [ -z "$infra" ] && ! timeout 10 "$engine" ps --quiet >/dev/null 2>&1; }; then "$root/scripts/packages.sh"; fi
"$root/scripts/build.sh" AppHost
exec dotnet "$root/AppHost/bin/Release/net10.0/Tally.AppHost.dll" "$@"
