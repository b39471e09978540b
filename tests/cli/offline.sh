#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# offline.sh LOCKBUS LOCKBUS-SIM PROFILES ISSUING.md: every kind of open while
# the keys are elsewhere. The walk-through is the very text of the document.
set -eu
lockbus=$1 sim=$2 profiles=$3 document=$4
. "$(dirname "$0")/cabinet.sh"

fail() {
    echo "not ok: $1" >&2
    cat out err >&2 2>/dev/null || true
    exit 1
}

start_sim
"$lockbus" deposit --cabinet "$id" --door 2 --stay 1:1 --courier courier.pub \
    --issuer issuer.key --release-out release.key -o p.pkg >code.txt

lockbus() {
    "$lockbus" "$@"
}
sed -n '/^<!-- tests.cli.offline.sh runs this -->$/,/^```$/p' "$document" |
    sed '/^```/d;/^<!--/d' >walk.sh
grep -q 'order \$words' walk.sh || fail "the document has no walk-through"
. ./walk.sh >walk.out 2>walk.err || fail "the walk-through"
cat walk.out
[ "$(grep -c '  OPENED ' walk.out)" -eq 3 ] || fail "three doors did not open"
echo "ok: the walk-through of docs/issuing.md"

# request WHAT...: starts an open whose signer is elsewhere. Its first line's
# second word is in $challenge, its command in $command.
request() {
    "$lockbus" open cabinet.ini "$@" --sign-with - <answers >requests 2>err &
    job=$!
    exec 3>answers 4<requests
    read -r word challenge <&4 && read -r command <&4 || true
}

# ends STATUS WHAT: how the request ended.
ends() {
    exec 3>&-
    cat <&4 >out
    got=0
    wait "$job" || got=$?
    [ "$got" -eq "$1" ] || fail "$2: exit $got, wanted $1"
    echo "ok: $2"
}

says() {
    grep -q -- "$1" out err || fail "does not say: $1"
}

# The command that is printed is the one to run, up to the key.
sign() {
    $(echo "$command" | sed "s|^lockbus|$lockbus|;s|FILE.key|$1|")
}

"$lockbus" deposit --cabinet "$id" --door 0 --stay 1:2 --courier courier.pub \
    --issuer issuer.key --return return.pub --return-after 1 -o p2.pkg >code2.txt
request deposit p2.pkg
sign courier.key >&3
ends 0 "a deposit by the command that was printed"
request reopen A01
sign courier.key >&3
ends 0 "a reopen"
for try in 1 2 3 4 5 6 7 8 9 10; do # powered time runs only in a process
    request return A01
    sign return.key >&3
    exec 3>&-
    cat <&4 >out
    wait "$job" && break
    says "rule P7" # too early, and nothing else
    [ "$try" -lt 10 ] || fail "a return never came to its time"
done
echo "ok: a return after its time"
"$lockbus" deposit --cabinet "$id" --door 1 --stay 1:3 --courier courier.pub \
    --issuer issuer.key -o p3.pkg >code3.txt
request deposit p3.pkg
sign courier.key >3.lbp
echo 3.lbp >&3
ends 0 "a deposit whose proof is a file"
request cancel 1
sign courier.key >&3
ends 0 "a cancel; the door by its number"

for what in block unblock clear; do
    n=$((${n:-9} + 1))
    request $what A08 --order-no 1:$n --reason 3
    sign sec.key >&3
    sign ops.key >&3
    ends 0 "two persons $what a door, in any order"
    says DONE
done
request service A08 --order-no 1:20
"$lockbus" order open --cabinet "$id" --door 7 --challenge "$challenge" \
    --order-no 1:20 --reason 0 --sign ops.key --sign sec.key -o 20.lbs \
    --not-after "$(echo "$command" | sed 's/.*--not-after \([0-9]*\).*/\1/')"
echo 20.lbs >&3
ends 0 "a whole order as a file"

request service A08 --order-no 1:21
sign ops.key >&3
sign ops.key >&3
ends 1 "one person twice is no two persons"
says "one key signs twice"
request service A08 --order-no 1:22
sign ops.key >&3
ends 1 "one person alone opens nothing"
says "ended without an answer"
request service A08 --order-no 1:23
sign ops.key >half
ends 1 "nobody answers"
request service A07 --order-no 1:23
cat half >&3
sign sec.key >&3
ends 1 "halves of two orders"
says "not of the same order"
request release A03
sign courier.key >&3 2>out || true
ends 1 "a key of another role signs nothing"
request release A05
"$lockbus" proof release --cabinet "$id" --door 2 --stay 1:1 \
    --challenge "$challenge" --key release.key -o - >&3
ends 1 "a challenge of one door opens no other"
says "rule P"
request release A03
cat 1.lbp >spent.lbp
echo spent.lbp >&3
ends 1 "a spent proof"
says "rule P"
request release A03
echo 00ff >&3
ends 1 "what is too short"
says "112 bytes"
request release A03
echo no-such-file >&3
ends 1 "a file that is not there"
says no-such-file
request release A03 --wait 1
began=$(date +%s)
cat <&4 >out
got=0
wait "$job" || got=$?
[ $(($(date +%s) - began)) -lt 20 ] || fail "it waited for more than its second"
[ "$got" -eq 1 ] || fail "no answer: exit $got"
says "no answer came in time"
echo "ok: no answer"

"$lockbus" journal verify journal --key journal.escrow
[ "$("$lockbus" journal doors journal --json | grep -c '"opened"')" -eq 9 ] ||
    fail "the journal does not say that nine opened"
echo "all ok"
