#!/bin/sh
# usage: keep.sh PID DIRECTORY [SECONDS]
# Has a broker write its state to DIRECTORY/mosquitto.db every SECONDS (1), by Mosquitto's own signal (SIGUSR1), until it ends. Started by the
# same user, so it needs no rights. A write stops the broker for as long as it takes: so that it stands still for a twentieth of the time at
# most, the pause is never shorter than twenty times the last write.
set -eu

[ $# = 2 ] || [ $# = 3 ] || { echo "keep.sh: usage: keep.sh PID DIRECTORY [SECONDS]" >&2; exit 1; }
pid=$1 state=$2/mosquitto.db pause=${3:-1}

# The signal ends a process that has no handler for it yet, as the broker while it starts; one that has ended has none any more, also before
# its parent has looked. 0x200 in the mask of the signals that have one.
handles() { case $(sed -n 's/^SigCgt:.*\(.\)..$/\1/p' "/proc/$pid/status" 2>/dev/null) in [2367abef]) true ;; *) false ;; esac; }

# Each write makes a new file in the place of the old one: another inode.
written() { ls -i "$state" 2>/dev/null || true; }

until handles; do
  kill -0 "$pid" 2>/dev/null || exit 0
  sleep 0.05
done
while before=$(written) && handles && kill -USR1 "$pid"; do
  took=-2 # in steps of 0.05 s, which are seconds times twenty; the broker looks for signals every 0.1 s when nothing else happens
  while [ "$(written)" = "$before" ]; do
    handles || exit 0
    sleep 0.05
    took=$((took + 1))
    if [ "$took" = 1200 ]; then
      echo "keep.sh: the broker has not written $state for a minute; is the disk full? Asking again." >&2
      took=0
      break
    fi
  done
  if [ "$took" -gt "$pause" ]; then sleep "$took"; else sleep "$pause"; fi
done
