# shellcheck shell=bash
# To be sourced: finds the programs that packages.sh brings, and says as whom they run.

packages=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/artifacts/packages

# Prints the path of a program: installed (Debian; PostgreSQL's own RPMs; Alpine; Homebrew; on PATH), else unpacked below artifacts/packages.
find_program() {
  local place
  for place in "/usr/sbin/$1" "/usr/local/sbin/$1" "/opt/homebrew/sbin/$1" \
    $(printf '%s\n' /usr/lib/postgresql/*/bin/"$1" /usr/pgsql-*/bin/"$1" /usr/libexec/postgresql*/"$1" /opt/homebrew/opt/postgresql*/bin/"$1" | sort -rV) \
    "$(command -v "$1" || true)" "$packages/usr/sbin/$1" "$packages/usr/bin/$1" "$packages"/usr/lib/postgresql/*/bin/"$1"; do
    if [ -x "$place" ]; then
      echo "$place"
      return
    fi
  done
  echo "$1 is not installed: ./run.sh brings it, or your package manager (Debian: apt-get install mosquitto postgresql)." >&2
  return 3
}

# PostgreSQL refuses to run as root and the broker has no need of it: root runs them as the users that their packages make, or as nobody.
# Sets become, the words before a command that is to run so. $1: the user.
become_user() {
  become=()
  if [ "$(id -u)" != 0 ]; then return; fi
  server_user=$1
  id "$server_user" >/dev/null 2>&1 || server_user=nobody
  # shellcheck disable=SC2034 # who sources this reads it
  become=(setpriv "--reuid=$server_user" "--regid=$(id -g "$server_user")" --init-groups --)
}

# Holds a lock for as long as the program lives that the script becomes, so that the next start can wait for it (AppHost's DataDirectory).
hold_lock() {
  if ! command -v flock >/dev/null; then return; fi
  exec 9>>"$1"
  flock --shared 9
}

# The libraries of programs that are not installed but unpacked.
if [ -d "$packages/usr/lib" ]; then
  LD_LIBRARY_PATH=$(printf '%s:' "$packages"/usr/lib/*-linux-gnu* "$packages/usr/lib")${LD_LIBRARY_PATH-}
  export LD_LIBRARY_PATH
fi
