#!/usr/bin/env bash
# Starts Tally: brings what is missing, builds, and hands over to AppHost with all options (./run.sh --help).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
export DOTNET_CLI_HOME=${DOTNET_CLI_HOME:-${HOME:-$root/artifacts/home}}

"$root/scripts/packages.sh"
"$root/scripts/dashboard.sh" "$@"
"$root/scripts/build.sh" AppHost
exec dotnet "$root/AppHost/bin/Release/net10.0/Tally.AppHost.dll" "$@"
