#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# journal.sh LOCKBUS LOCKBUS-SIM PROFILES: which doors opened, when, on whose
# authority, in words and as JSON; and what stands where no time is known.
set -eu
lockbus=$1 sim=$2 profiles=$3
. "$(dirname "$0")/cabinet.sh"

fail() {
    echo "not ok: $1" >&2
    cat out err >&2 2>/dev/null || true
    exit 1
}

says() {
    grep -Eq -- "$1" out || fail "does not say: $1"
    echo "ok: $1"
}

lacks() {
    ! grep -Eq -- "$1" out || fail "says: $1"
    echo "ok: not $1"
}

show() {
    "$lockbus" journal "$@" >out 2>err || fail "journal $*"
}

key_id() { # of a public key file
    cut -d' ' -f5 "$1" | cut -c1-16
}

start_sim
"$lockbus" deposit --cabinet "$id" --door 2 --stay 1:1 --courier courier.pub \
    --issuer issuer.key --release-out release.key \
    --ref 00112233445566778899aabbccddeeff -o p.pkg >code.txt
"$lockbus" open cabinet.ini deposit p.pkg --key courier.key
"$lockbus" open cabinet.ini release A03 --key release.key
"$lockbus" open cabinet.ini service A05 --sign ops.key --sign sec.key \
    --order-no 1:2 --reason 7

clock='^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\?  *'
show doors journal
[ "$(wc -l <out)" -eq 3 ] || fail "not three lines"
says "${clock}door 2 opened: deposit by the courier's key $(key_id courier.pub), granted by issuer key $(key_id issuer.pub); stay 1:1; intent 1\$"
says "${clock}door 2 opened: release by the parcel's own key [0-9a-f]{16}; stay 1:1; intent 2\$"
says "${clock}door 4 opened: service by two persons, keys [0-9a-f]{16} and [0-9a-f]{16}, order 1:2, reason 7; intent 3\$"
says "$(key_id ops.pub)"
says "$(key_id sec.pub)"
cp out doors.txt

# The same of many cabinets: each line behind its folder's name; one that is
# damaged stops no other, and what came before the damage is said.
mkdir fleet fleet/two
cp -r journal fleet/one
cp -r journal fleet/two/journal
: >fleet/a-file
show fleet fleet --jobs 3
sort out >both
for name in one two; do sed "s/^/$name  /" doors.txt; done | sort >want
cmp both want || fail "fleet does not say what doors says"
echo "ok: fleet says what doors says"
show fleet fleet --json
python3 -c '
import json, sys
text = open("out").read()
decoder, at, found = json.JSONDecoder(), 0, {}
while at < len(text):
    one, at = decoder.raw_decode(text, at)
    found[one["folder"]] = len(one["opens"])
    at += len(text[at:]) - len(text[at:].lstrip())
sys.exit(found != {"one": 3, "two": 3})' || fail "fleet as JSON"
echo "ok: fleet as JSON"
printf 'X' | dd of=fleet/one/segment-00000000 bs=1 seek=200 conv=notrunc 2>err
if "$lockbus" journal fleet fleet >out 2>err; then
    fail "a damaged journal of many is no failure"
fi
[ "$(grep -c '^two  ' out)" -eq 3 ] || fail "a damaged one stopped the other"
grep -q 'one' err || fail "the damaged one is not named"
echo "ok: a damaged one is told and stops no other"
if "$lockbus" journal fleet nowhere >out 2>err; then
    fail "no folder is a fleet"
fi
if "$lockbus" journal doors journal --jobs 2 >out 2>err; then
    fail "--jobs belongs to fleet"
fi
show doors journal

show doors journal --json
for name in block boot powered_ms unix_s trusted entry what door ref stay \
    order_no reason by_code assumed rule count authority parcel_ref outcome \
    result_block issuer; do
    [ "$(grep -c "^  \"$name\": " out)" -eq 3 ] || fail "no field $name"
done
echo "ok: the fields of docs/JOURNAL.md"
says '"parcel_ref": "00112233445566778899aabbccddeeff"'
says "\"issuer\": \"$(key_id issuer.pub)\""
[ "$(grep -c '"issuer": null' out)" -eq 1 ] || fail "an order has an issuer"

# The process that commissioned, and each before it was told the time, have
# none: boot and powered time stand there.
bare='^ *[0-9]+  boot [0-9]+ \+[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3} '
show show journal
says "$bare.*commission"
says "$bare.*boot"
lacks 'time not known'
without=$(grep -Ec "$bare" out)
all=$(wc -l <out)
[ "$without" -gt 0 ] && [ "$without" -lt "$all" ] || fail "no such mixture"
says '^ *[0-9]+  [0-9]{4}-.* order 1:2 reason 7$'

# --since and --until leave out nothing whose time is not known.
show show journal --since 2100-01-01
[ "$(wc -l <out)" -eq "$without" ] || fail "--since leaves out what has no time"
show show journal --until 2001-01-01
[ "$(wc -l <out)" -eq "$without" ] || fail "--until leaves out what has no time"
show show journal --since 2001-01-01 --until 2100-01-01
[ "$(wc -l <out)" -eq "$all" ] || fail "a wide span leaves something out"
show doors journal --since 2100-01-01
[ ! -s out ] || fail "doors of a time to come"
show doors journal --until 2001-01-01
[ ! -s out ] || fail "doors of a time long gone"
show doors journal --since "$(cut -c1-10 doors.txt | head -n 1)" \
    --until "$(cut -c1-10 doors.txt | tail -n 1)"
cmp -s out doors.txt || fail "the days themselves do not count"
echo "ok: both days count, what has no time always does"

# What the cabinet signed of its journal's end, kept elsewhere.
run() { # STATUS WHAT COMMAND...
    want=$1 what=$2 got=0
    shift 2
    "$@" >out 2>err || got=$?
    [ "$got" -eq "$want" ] || fail "$what: exit $got, wanted $want"
    echo "ok: $what"
}
run 0 "an anchor" "$lockbus" anchor make cabinet.ini -o 1.lba
[ "$(wc -c <1.lba)" -eq 152 ] || fail "an anchor has 152 bytes"
run 0 "its check" "$lockbus" anchor check 1.lba --device "$device"
says "^cabinet $id anchor [0-9]+:[0-9a-f]{64} boot [0-9]+ powered_ms [0-9]+ unix_s [0-9]+"
block=$(sed 's/.* anchor \([0-9]*\):.*/\1/' out)
run 1 "another key" "$lockbus" anchor check 1.lba --device "$(cut -d' ' -f5 ops.pub)"
run 0 "an anchor shown" "$lockbus" inspect 1.lba
says "^block +$block$"
run 0 "its receipt" "$lockbus" receipt make 1.lba --device "$device" \
    --sign archive.key -o 1.lbr
[ "$(wc -c <1.lbr)" -eq 144 ] || fail "a receipt has 144 bytes"
run 0 "a receipt shown" "$lockbus" inspect 1.lbr
says "^signed by +$(key_id archive.pub)$"
run 1 "a receipt by another role" "$lockbus" receipt make 1.lba \
    --device "$device" --sign sec.key -o 2.lbr
run 1 "a receipt for what is not this device's" "$lockbus" receipt make 1.lba \
    --device "$(cut -d' ' -f5 ops.pub)" --sign archive.key -o 2.lbr
run 0 "it is given" "$lockbus" receipt give cabinet.ini 1.lbr
says " DONE "
run 0 "and again" "$lockbus" receipt give cabinet.ini 1.lbr
run 0 "the next anchor" "$lockbus" anchor make cabinet.ini -o 2.lba
run 0 "one behind the other" "$lockbus" anchor make cabinet.ini -o 3.lba
cat 1.lba 2.lba >many
run 0 "verify" "$lockbus" journal verify journal --key journal.escrow \
    --anchors many --anchors 3.lba
says '^anchors: 3 there, 0 of blocks that were let go$'
says "^the operator's receipt is for block $block$"
run 0 "with the key that was printed" "$lockbus" journal verify journal \
    --anchors many --device "$device" --json
says '"there": 2'
says "\"acknowledged\": $block"
run 0 "the entries" "$lockbus" journal show journal
says " receipt +receipt block $block by key $(key_id archive.pub)$"
says " device +device key by key $(echo "$device" | cut -c1-16)$"
cp -a journal before
head -c 151 1.lba >short.lba
run 1 "a file that is no anchors" "$lockbus" journal verify journal \
    --anchors short.lba --device "$device"
run 1 "a device key of another" "$lockbus" journal verify journal \
    --anchors 1.lba --device "$(cut -d' ' -f5 ops.pub)"
says '^1 NOT SIGNED'
# The end is cut off: what is left is a journal, only too short.
last=$((block + 1))
dd if=/dev/zero of=journal/segment-00000000 bs=4096 seek=$last conv=notrunc \
    count=$((1024 - last)) 2>/dev/null
run 1 "cut off above the receipt" "$lockbus" journal verify journal \
    --key journal.escrow --anchors many --anchors 3.lba
says '^anchors: 1 there'
says '^2 MISSING'
lacks 'NOT INTACT'
dd if=/dev/zero of=journal/segment-00000000 bs=4096 seek="$block" conv=notrunc \
    count=1 2>/dev/null
run 1 "cut off below the receipt" "$lockbus" journal verify journal
says "^NOT INTACT: block $block: the operator has a receipt for a later block"
run 1 "it does not start" "$lockbus" anchor make cabinet.ini -o 4.lba
grep -q 'receipt: .*cut off (CORRUPT)' err || fail "why is not said"
rm -r journal
mv before journal

chmod 644 journal.escrow
if "$lockbus" journal verify journal --key journal.escrow >out 2>err; then
    fail "an escrow key that others may read was taken"
fi
grep -q 'journal.escrow: mode' err || fail "its mode is not named"
echo "all ok"
