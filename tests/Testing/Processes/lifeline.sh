#!/bin/sh
# usage: lifeline.sh [LOCK-FILE]
# Reads "+ PID SIGNAL" (watch that process) and "- PID" (it has ended) until its input ends, which is when AppHost has ended.
# Then stops what is still watched, the last one started first. Holds a lock on the file meanwhile, where there is flock(1).
exec >/dev/null 2>&1
trap '' INT TERM HUP
[ -z "$1" ] || ! command -v flock || { exec 9>>"$1" && flock 9; }

# A zombie is as good as gone: whoever inherits our children may be slow to ask for their status.
is_running() {
  kill -0 "$1" || return 1
  stat=
  read -r stat <"/proc/$1/stat"
  case ${stat##*) } in Z*) return 1 ;; esac
}

watched=
while read -r what pid signal; do
  rest=
  for one in $watched; do [ "${one%%:*}" = "$pid" ] || rest="$rest $one"; done
  watched=$rest
  [ "$what" = + ] && watched="$pid:$signal $watched"
done

# Ten seconds each: PostgreSQL writes a checkpoint when it stops; whoever takes longer is killed, and recovers at the next start.
for one in $watched; do
  pid=${one%%:*}
  kill "-${one#*:}" "$pid" || continue
  tries=100
  while [ $tries -gt 0 ] && is_running "$pid"; do
    tries=$((tries - 1))
    sleep 0.1
  done
  [ $tries -gt 0 ] || kill -9 -- "-$pid" || kill -9 "$pid"
done
