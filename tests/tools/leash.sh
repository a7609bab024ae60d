#!/usr/bin/env bash
# Runs a program that cannot outlive whoever started it: when standard input ends, however that
# came about, the program is killed. Until then each line of standard input is a signal for it.
#
#   tests/tools/leash.sh LOG [--remove FOLDER] PROGRAM [ARGUMENT...]
#
# Writes the program's process id to standard output and what the program says to LOG. Ends with the
# program, or, with --remove, when it has removed FOLDER after the end of standard input.
set -euo pipefail
# A signal that is meant for a whole group of processes ends whoever holds the other end of the pipe;
# what is to be done then is done here.
trap '' HUP INT TERM

log=$1
shift
folder=
if [ "$1" = --remove ]; then
    folder=$2
    shift 2
fi

# Standard input of what runs in the background is empty, so it is kept by another number.
exec 3<&0
"$@" </dev/null 3<&- >>"$log" 2>&1 &
program=$!
echo "$program"
exec >/dev/null 2>&1

(
    while read -r signal <&3; do kill -s "$signal" "$program" || true; done
    kill -s KILL "$program"
) &
keeper=$!

status=0
wait "$program" || status=$?
kill -s KILL "$keeper" || true
wait "$keeper" || true
[ -n "$folder" ] || exit "$status"

# The folder is needed until the other end of the pipe is closed, whatever the program does.
while read -r _ <&3; do :; done
# Others on a leash, which write there, are killed at the same time.
for _ in {1..100}; do
    rm -rf "$folder" && break
    sleep 0.05
done
exit "$status"
