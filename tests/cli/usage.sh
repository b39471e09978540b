#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# usage.sh LOCKBUS CABINET.ini: what every command owes whoever types it: help
# with an example, the name of what is wrong, and an exit code that says 0
# done, 1 refused or failed, 2 wrong use.
set -eu
lockbus=$1
cabinet=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

fail() {
    echo "not ok: $1" >&2
    cat out err >&2 2>/dev/null || true
    exit 1
}

# run STATUS ARGUMENT...: the exit code is exactly STATUS.
run() {
    want=$1
    shift
    got=0
    "$lockbus" "$@" >out 2>err </dev/null || got=$?
    [ "$got" -eq "$want" ] || fail "lockbus $*: exit $got, wanted $want"
    echo "ok: lockbus $* exits with $got"
}

says() { # FILE WORDS
    grep -qF -- "$2" "$1" || fail "$1 does not say: $2"
}

commands=$("$lockbus" help | sed -n 's/^  lockbus \([a-z]*\) .*/\1/p')
[ "$(echo "$commands" | wc -l)" -ge 15 ] || fail "commands are missing in help"
# One sentence each, to its full stop, over as many lines as it takes.
"$lockbus" help | sed -n '/^  lockbus /,/^$/p' | tr -s '\n ' ' ' |
    sed 's/ lockbus \([a-z]*\) \([A-Z]\)/\n\1 \2/g' >sentences
for command in $commands; do
    grep -Eq "^$command .*\. *$" sentences ||
        fail "help cuts what $command does"
done
awk 'length > 79' <<END | grep . && fail "help is wider than a terminal"
$("$lockbus" help)
END
for command in $commands; do
    run 0 "$command" --help
    says out "usage: lockbus $command"
    says out "example: lockbus $command"
    [ "$(grep -c '^example: ' out)" -eq 1 ] || fail "not one example"
    [ ! -s err ] || fail "help complains"
    run 0 help "$command"
    run 0 "$command" some words --help
    run 2 "$command" --no-such-option
    says err "--no-such-option"
    says err "usage: lockbus $command"
    [ ! -s out ] || fail "wrong use talks on standard output"
done

run 0 version
says out "lockbus $(sed -n 's/^lockbus //p' out)"
grep -Eqx 'lockbus [0-9]+\.[0-9]+\.[0-9]+' out || fail "no version"
grep -Eqx 'grant format [0-9]+' out || fail "no grant format"
grep -Eqx 'journal format [0-9]+' out || fail "no journal format"
cp out version
run 0 --version
cmp -s out version || fail "--version says something else"

# The table: what was done, what was refused or failed, what was wrong use.
"$lockbus" keygen courier -o c.key
while read -r want line; do
    [ -n "$want" ] || continue
    # shellcheck disable=SC2086
    run "$want" $line
    [ "$want" -eq 0 ] || [ -s err ] || fail "$line fails in silence"
done <<END
0 help
0 check $cabinet
0 inspect c.pub
0 keygen root -o r.key
1 keygen root -o r.key
1 check no-such-file
1 inspect no-such-file
1 watch no-such-file
1 open no-such-file code
1 open no-such-file release A01 --key no-such-key
1 journal show no-such-folder
1 journal verify no-such-folder
1 amend $cabinet no-such-file
1 commission $cabinet no-such-file no-such-file --escrow e
1 commission $cabinet --visits v --key no-such-key -o w
1 visits no-such-file --cabinet 00000000000000000000000000000001 --stay 1:1 --courier c.pub --issuer i.key -o v
1 manifest no-such-file --sign r.key --sign r.key -o m
1 gate no-such-file
1 trace pty:/no/such -o t.pcapng
1 scan pty:/no/such --profiles $(dirname "$cabinet")/../profiles
1 scan pty:/no/such --profiles /no/such
1 bench pty:/no/such --address 1
1 bench somewhere --address 1
1 trace somewhere -o t.pcapng
2 no-such-command
2 help no-such-command
2 check
2 check $cabinet $cabinet
2 check --x $cabinet
2 inspect
2 commission $cabinet
2 commission $cabinet a b
2 commission $cabinet a b c --escrow e
2 commission $cabinet a b --visits v --key c.key -o w
2 commission $cabinet --visits v --key c.key
2 commission $cabinet --escrow e --visits v --key c.key -o w
2 commission $cabinet a b --escrow e --from A01
2 visits $cabinet
2 visits $cabinet --cabinet 00000000000000000000000000000001 --stay 1:1 --courier c.pub --issuer i.key -o v --times 0
2 amend $cabinet
2 ports now
2 scan
2 scan pty:/no/such pty:/no/other
2 scan pty:/no/such --from 0
2 scan pty:/no/such --to 248
2 scan pty:/no/such --baud 9600,7E1
2 bench
2 bench pty:/no/such
2 bench pty:/no/such --address 0
2 bench pty:/no/such --address 1 --fc 5
2 watch $cabinet --once --plain
2 watch $cabinet --once --every 5
2 watch $cabinet --sort everything
2 watch $cabinet --filter 123456789012345678901234
2 watch $cabinet --every
2 trace
2 trace pty:/no/such
2 trace pty:/no/such -o
2 trace pty:/no/such -o t --baud 0
2 trace pty:/no/such -o t --baud 9600,8N
2 trace tcp:127.0.0.1:502 -o t
2 gate
2 gate --x
2 version 1
2 keygen
2 order
2 order everything
2 proof everything --cabinet 00
2 journal
2 journal show
2 journal tell journal
2 journal show journal --since yesterday
2 journal show journal --until 2026-02-29
2 journal show journal --since 2026-12-05 --until 2026-12-04
2 journal verify journal --until 2026-12-04
2 journal show journal --anchor 1:00
2 open $cabinet
2 open $cabinet everything
2 open $cabinet code A01
2 open $cabinet code --key c.key
2 open $cabinet deposit --key c.key
2 open $cabinet deposit p.pkg
2 open $cabinet release A01
2 open $cabinet release A01 --key c.key --sign-with -
2 open $cabinet release A01 --sign-with phone
2 open $cabinet release A01 --key c.key --wait 5
2 open $cabinet release A01 --key c.key --reason 5
2 open $cabinet service A01 --sign c.key --sign c.key
2 open $cabinet service A01 --key c.key --order-no 1:1
2 open $cabinet service A01 --sign c.key --sign c.key --order-no 1
END
run 1 journal show no-such-folder --key c.key
says err "c.key"
"$lockbus" >out 2>err && fail "nothing is something" || [ $? -eq 2 ] || fail "nothing"
says err "lockbus COMMAND --help"
echo "all ok"
