#!/bin/sh
# Writes .env, the passwords that compose.yaml asks for: random, readable by their owner only, never in git. Can be run twice; the
# second time it does nothing, because the database keeps the password that it was made with (docker compose down --volumes forgets it).
set -eu

cd "$(dirname "$0")/.."
if [ -e .env ]; then exit 0; fi
umask 077
for name in POSTGRES INGEST ACKRESPONDER SIMULATOR QUERYAPI DEVICE VIEWER; do
  # 24 bytes, in digits that need no escape in an address or a connection string.
  echo "${name}_PASSWORD=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')"
done >.env.new
mv .env.new .env
echo "Passwords are in $(pwd)/.env"
