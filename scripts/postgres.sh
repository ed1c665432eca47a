#!/usr/bin/env bash
# usage: postgres.sh DIRECTORY PORT PASSWORD-FILE [NAME=VALUE ...]
# Becomes a PostgreSQL on 127.0.0.1:PORT, with its data in DIRECTORY/data and these settings. Makes the data where there are none, owned by
# the role tally, with the password in PASSWORD-FILE.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$1"
directory=$(cd "$1" && pwd) port=$2 password=$3
shift 3
# shellcheck source=scripts/programs.sh
. "$root/scripts/programs.sh"
hold_lock "$(dirname "$directory")/servers.lock"
program=$(find_program postgres)
become_user postgres
if ! [ -f "$directory/data/PG_VERSION" ]; then
  rm -rf "$directory/data" "$directory/data.new" # half made: initdb was interrupted
  install -m 600 "$password" "$directory/password"
  if [ ${#become[@]} -gt 0 ]; then chown -R "$server_user" "$directory"; fi
  # --no-sync: a crash of the machine right now costs an empty database, which the next start makes again.
  (cd "$directory" && "${become[@]}" "$(find_program initdb)" -D "$directory/data.new" -U tally -A scram-sha-256 "--pwfile=$directory/password" \
    -E UTF8 --locale=C --no-sync >/dev/null)
  rm "$directory/password"
  mv "$directory/data.new" "$directory/data"
fi

settings=()
for setting in "$@"; do settings+=(-c "$setting"); done
cd "$directory"
# TCP only: no socket files in shared directories.
exec "${become[@]}" "$program" -D "$directory/data" -p "$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories= "${settings[@]}"
