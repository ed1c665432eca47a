#!/bin/sh
# Starts the broker where its users' passwords come in a variable, BROKER_USERS="user:password user:password ..." (compose.yaml), and keep.sh
# beside it. BROKER_SAVE_SECONDS: how often its state is written (1). Where passwords come as files (Kubernetes), passwords.sh is called by
# itself. /run/mosquitto is in memory; user 1883 may write there.
set -eu

users=/run/mosquitto/users
umask 077
mkdir -p "$users"
for user in $BROKER_USERS; do printf '%s\n' "${user#*:}" >"$users/${user%%:*}"; done
sh /mosquitto/config/passwords.sh "$users" /run/mosquitto/passwords
rm -r "$users"
cp /mosquitto/config/tally.acl /run/mosquitto/acl
sh /mosquitto/config/keep.sh $$ /mosquitto/data "${BROKER_SAVE_SECONDS:-1}" >/dev/null &
exec mosquitto -c /mosquitto/config/mosquitto.conf
