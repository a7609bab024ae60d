#!/usr/bin/env bash
# Runs a program that cannot outlive whoever started it: when standard input ends, however that
# came about, the program is killed. Until then each line of standard input is a signal for it.
#
#   tests/tools/leash.sh LOG [--remove FOLDER] PROGRAM [ARGUMENT...]
#
# Writes the program's process id to standard output and what the program says to LOG. With
# --remove, FOLDER is removed after the program was killed in this way.
set -euo pipefail

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
    [ -n "$folder" ] || exit 0
    # Others on a leash, which write there, are killed at the same time.
    for _ in {1..100}; do
        rm -rf "$folder" && exit 0
        sleep 0.05
    done
) &
keeper=$!
exec 3<&-

status=0
wait "$program" || status=$?
# Where the program was killed, the folder is perhaps still being removed.
[ -n "$folder" ] && [ "$status" -eq 137 ] || kill "$keeper" || true
wait "$keeper" || true
exit "$status"
