#!/bin/sh
# Starts the broker where its users' passwords come in a variable, BROKER_USERS="user:password user:password ..." (compose.yaml).
# Ingest__Presets says which topics devices may publish to, as it tells Ingest which to read.
# Where they come as files (Kubernetes), passwords.sh is called by itself. /run/mosquitto is in memory; user 1883 may write there.
set -eu

users=/run/mosquitto/users
umask 077
mkdir -p "$users"
for user in $BROKER_USERS; do printf '%s\n' "${user#*:}" >"$users/${user%%:*}"; done
sh /mosquitto/config/passwords.sh "$users" /run/mosquitto/passwords
rm -r "$users"
sh /mosquitto/config/acl.sh "${Ingest__Presets:-}" /run/mosquitto/acl
exec mosquitto -c /mosquitto/config/mosquitto.conf
