#!/usr/bin/env bash
# usage: mosquitto.sh DIRECTORY PORT SECRETS
# Becomes a Mosquitto on 127.0.0.1:PORT with the repository's own configuration, access list and users, whose passwords are the files
# in SECRETS, and keep.sh beside it (BROKER_SAVE_SECONDS: how often its state is written). DIRECTORY holds all that it reads and writes, since
# the clone may be out of reach for the user it runs as; extra.conf in it wins over the repository's, and extra.acl is added.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
mkdir -p "$1"
directory=$(cd "$1" && pwd) port=$2 secrets=$3
# shellcheck source=scripts/programs.sh
. "$root/scripts/programs.sh"
hold_lock "$(dirname "$directory")/servers.lock"
program=$(find_program mosquitto)
PATH=$PATH:$(dirname "$(find_program mosquitto_passwd)")
mkdir -p "$directory/data" "$directory/conf.d"
cp "$root/services/Broker/tally.conf" "$directory/conf.d/"
if [ -f "$directory/extra.conf" ]; then cp "$directory/extra.conf" "$directory/conf.d/z-extra.conf"; fi # read in the order of names
cp "$root/services/Broker/tally.acl" "$root/services/Broker/keep.sh" "$directory/"
if [ -f "$directory/extra.acl" ]; then cat "$directory/extra.acl" >>"$directory/tally.acl"; fi
sh "$root/services/Broker/passwords.sh" "$secrets" "$directory/passwords"
cat >"$directory/mosquitto.conf" <<END
listener $port 127.0.0.1
password_file $directory/passwords
acl_file $directory/tally.acl
persistence_location $directory/data/
include_dir $directory/conf.d
END

become_user mosquitto
if [ ${#become[@]} -gt 0 ]; then chown -R "$server_user" "$directory"; fi
cd "$directory"
"${become[@]}" sh "$directory/keep.sh" $$ "$directory/data" "${BROKER_SAVE_SECONDS:-1}" >/dev/null 2>"$directory/keep.log" 9>&- & # whoever waits for the broker's end waits for its pipes too
exec "${become[@]}" "$program" -c "$directory/mosquitto.conf"
