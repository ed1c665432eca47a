#!/usr/bin/env bash
# usage: packages.sh
# Brings Mosquitto and PostgreSQL's server if they are not there: installed by the system's package manager where we may,
# else unpacked below artifacts/packages, where AppHost finds them.
# Can be run twice; the second time it does nothing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
unpacked=$root/artifacts/packages
log=$root/artifacts/packages.log

# shellcheck source=scripts/programs.sh
. "$root/scripts/programs.sh"

complete() { find_program mosquitto && find_program postgres && find_program initdb; } >/dev/null 2>&1

give_up() {
  echo "$1 Install Mosquitto and PostgreSQL's server with your package manager (Debian: apt-get install mosquitto postgresql), then run this again." >&2
  exit 3
}

# Debian starts what it installs. Ours are started by AppHost alone, so for the time of the installation nothing is.
apt_install() {
  local policy=/usr/sbin/policy-rc.d
  if ! [ -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    trap '$sudo rm -f /usr/sbin/policy-rc.d' EXIT
    $sudo chmod 755 "$policy"
  fi
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get update -q
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends mosquitto postgresql
}

# An ordinary user may download packages and unpack them. What they depend on and what is not installed comes along.
apt_unpack() {
  local apt=$root/artifacts/apt options wanted package
  rm -rf "$apt"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$unpacked"
  options=(-q -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o Debug::NoLocking=1)
  apt-get "${options[@]}" update
  wanted=$(apt-get "${options[@]}" --simulate --no-install-recommends install mosquitto postgresql | sed -n 's/^Inst \([^ ]*\) .*/\1/p')
  cd "$apt/cache/archives"
  # shellcheck disable=SC2086 # a list of names
  apt-get "${options[@]}" download $wanted
  for package in ./*.deb; do dpkg -x "$package" "$unpacked"; done
  rm -rf "$apt"
}

install() {
  if command -v brew >/dev/null; then brew install mosquitto postgresql@17 # never as root, which it refuses
  elif command -v apt-get >/dev/null; then apt_install
  elif command -v dnf >/dev/null; then $sudo dnf install -y mosquitto postgresql-server
  elif command -v apk >/dev/null; then $sudo apk add mosquitto postgresql
  elif command -v pacman >/dev/null; then $sudo pacman -Sy --noconfirm mosquitto postgresql
  else
    echo "there is none of apt-get, dnf, apk, pacman and brew."
    return 1
  fi
}

# This script calls itself for the work, so that the first error ends that, and what it prints goes into the log.
case ${1-} in
  install)
    sudo=${2-}
    install
    exit
    ;;
  unpack)
    apt_unpack
    exit
    ;;
esac

if complete; then exit 0; fi

mkdir -p "$root/artifacts"
echo "Bringing Mosquitto and PostgreSQL (log: $log)"
if [ "$(id -u)" = 0 ] || command -v brew >/dev/null; then work=(install "")
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then work=(install sudo)
elif command -v apt-get >/dev/null && command -v dpkg >/dev/null; then work=(unpack)
else give_up "They are not there, and you are neither root nor have sudo without a password."
fi

"$root/scripts/packages.sh" "${work[@]}" >"$log" 2>&1 || give_up "They could not be brought (log: $log): $(tail -n 1 "$log")"
complete || give_up "They are still not where they are looked for, although the package manager said yes (log: $log)."
