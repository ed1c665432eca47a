#!/bin/sh
# usage: passwords.sh SECRETS_DIR OUTPUT
# Writes the broker's password file, with Mosquitto's own mosquitto_passwd: one line for each file in SECRETS_DIR, whose name is the
# user's and whose content the password. Hidden names (the ..data of a Kubernetes secret) and directories are left out. Needs no
# more than a directory of OUTPUT that it may write in. OUTPUT is replaced whole, readable by its owner only.
set -eu

fail() {
  echo "passwords.sh: $1" >&2
  exit 1
}

[ $# = 2 ] || fail "usage: passwords.sh SECRETS_DIR OUTPUT"
secrets=$1
output=$2
[ -d "$secrets" ] || fail "$secrets is no directory: expected one with a file for each user of the broker."

umask 077
line=$output.line
all=$output.new
trap 'rm -f "$line" "$all"' EXIT
: >"$all"
for file in "$secrets"/*; do
  [ -f "$file" ] || continue
  user=${file##*/}
  [ -r "$file" ] || fail "$file cannot be read by user $(id -u)."
  password=$(cat "$file")
  case $password in
    "") fail "$file is empty: expected the password of user $user." ;;
    *"
"*) fail "$file has more than one line: expected the password of user $user and nothing else." ;;
  esac
  # Into a file of its own (-c), which needs no other place for temporary files. The password is an argument (-b): the other way in,
  # plain lines turned by -U, cuts it at a colon. Only this container's processes see it.
  rm -f "$line"
  mosquitto_passwd -c -b "$line" "$user" "$password" || fail "$file: mosquitto_passwd refuses user $user (status $?)."
  cat "$line" >>"$all"
done
[ -s "$all" ] || fail "$secrets holds no file: expected one for each user of the broker."
mv "$all" "$output"
