#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# bench.sh LOCKBUS LOCKBUS-SIM PROFILES: from keys to a pickup and the journal's
# answer, with the command line and a simulated cabinet. Read it as the
# walk-through that it is; it fails where a step does.
set -eu
lockbus=$1 sim=$2 profiles=$3
dir=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT
pid=
cd "$dir"
umask 077

echo "1. Keys: two roots, an issuer for region 7, two service persons, a courier"
"$lockbus" keygen root -o root1.key
"$lockbus" keygen root -o root2.key
"$lockbus" keygen issuer --region 7 -o issuer.key
"$lockbus" keygen operations -o ops.key
"$lockbus" keygen security -o sec.key
"$lockbus" keygen courier -o courier.key

echo "2. The cabinet: one board of eight doors behind a pty that the simulator makes"
cat >cabinet.ini <<EOF
[cabinet]
name     = bench
journal  = journal
manifest = 1.lbm
profiles = $profiles
keypad   = letters
[lock]
pulse_ms = 500
rest_ms  = 2000
at_once  = 2
shut_is  = 1
[bus.main]
port = pty:$dir/bus
baud = 115200 8N1
[boards]
1 = main 1 waveshare-relay-d-8ch
[doors]
A01-A08 = 0-7 1:1-8 size=M
EOF
"$lockbus" check cabinet.ini

echo "3. A manifest, signed by both roots (the ids are 16 random bytes, for good)"
operator=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
cabinet=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
now=$(date +%s)
cat >manifest.ini <<EOF
[manifest]
operator_id = $operator
number = 1
epoch = 1
issued_at = $now
threshold = 2
[limits]
max_open_occupied = 2
max_open_vacant = 4
interlock_hold_s = 60
burst = 6
per_hour = 60
return_burst = 3
return_per_hour = 60
service_burst = 2
service_per_hour = 4
code_tries = 5
code_tries_per_hour = 10
reopen_window_s = 3
ajar_after_s = 60
max_grant_hours = 720
challenge_ttl_s = 120
service_ttl_s = 900
code_min_bits = 30
[keys]
root1 = root file:root1.pub
root2 = root file:root2.pub
issuer = issuer file:issuer.pub
ops = operations file:ops.pub
sec = security file:sec.pub
EOF
"$lockbus" manifest manifest.ini --sign root1.key --sign root2.key -o 1.lbm

echo "4. Two persons sign the door map; the journal begins"
"$lockbus" order commission cabinet.ini 1.lbm --cabinet "$cabinet" --region 7 \
    --sign ops.key --sign sec.key -o 1.lbc
"$lockbus" commission cabinet.ini 1.lbm 1.lbc --escrow journal.escrow

echo "5. The simulated boards; somebody shuts a door 2.5 s after it opened"
: >sim.out
"$sim" --shut-after 2500 cabinet.ini >>sim.out &
pid=$!
for i in 1 2 3 4 5 6 7 8 9 10; do
    grep -q ^ready sim.out && break
    sleep 1
done
grep -q ^ready sim.out
"$lockbus" watch cabinet.ini --once

echo "6. A parcel for door A03 (number 2); its code is printed once"
"$lockbus" deposit --cabinet "$cabinet" --door 2 --stay 1:1 \
    --courier courier.pub --issuer issuer.key -o p.pkg >code.txt
cat code.txt
"$lockbus" open cabinet.ini deposit p.pkg --key courier.key
code=$(grep -o '[0-9A-Z][0-9A-Z]-[0-9A-Z]*-[0-9A-Z]*' code.txt)

# A pulse that waits for its coil to rest finds no door to open once somebody
# has shut the one that stood open.
i=0
until "$lockbus" watch cabinet.ini --once | grep -q 'A03 .*SHUT .*OCCUPIED'; do
    i=$((i + 1))
    [ $i -lt 20 ]
done

echo "7. A wrong code, then the right one"
if echo "02-AAAA-AAAA" | "$lockbus" open cabinet.ini code; then
    echo "not ok: a wrong code opened" >&2
    exit 1
fi
echo "$code" | "$lockbus" open cabinet.ini code

echo "8. Two persons open a door; the order's number carries the epoch"
"$lockbus" open cabinet.ini service A05 --sign ops.key --sign sec.key \
    --order-no 1:2 --reason 7

echo "9. Which doors?"
"$lockbus" journal doors journal
"$lockbus" journal verify journal --key journal.escrow
[ "$("$lockbus" journal doors journal --json | grep -c '"opened"')" = 3 ]
echo "ok: three doors opened, each on somebody's authority"
