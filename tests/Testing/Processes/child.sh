#!/bin/sh
# usage: child.sh COMMAND...
# Becomes the command, once AppHost says on the input that the lifeline knows of this process. Were AppHost killed
# before that, this would read the end of its input, and go.
read -r _ || exit 1
exec "$@" </dev/null
