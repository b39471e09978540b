#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# issue.sh LOCKBUS CABINET.ini: a key ceremony, a parcel and its proofs on the command
# line, and what the command line must refuse.
set -eu

lockbus=$1
cabinet=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
umask 022
id=7cb17df63bf78803b9b0fe46271d72d0
challenge=f5b165224a58b791df6af1d8303e61cd

fail() {
    echo "not ok: $1" >&2
    cat out err >&2 2>/dev/null || true
    exit 1
}

# run STATUS WHAT COMMAND...: the exit code is exactly STATUS.
run() {
    want=$1 what=$2
    shift 2
    got=0
    "$@" >out 2>err || got=$?
    [ "$got" -eq "$want" ] || fail "$what: exit $got, wanted $want"
    echo "ok: $what"
}

says() {
    grep -q -- "$1" out err || fail "does not say: $1"
}

size() {
    [ "$(wc -c <"$1")" -eq "$2" ] || fail "$1 is not $2 bytes"
}

for role in root1:root root2:root root3:root other:root ops:operations sec:security \
    c:courier r:return; do
    run 0 "a key for ${role#*:}" "$lockbus" keygen "${role#*:}" -o "${role%:*}.key"
done
run 0 "an issuer has a region" "$lockbus" keygen issuer --region 5-9 -o issuer.key
[ "$(stat -c %a issuer.key)" = 600 ] || fail "a secret key others may read"
[ "$(stat -c %a issuer.pub)" = 644 ] || fail "a public key nobody may read"
run 2 "an issuer without a region" "$lockbus" keygen issuer -o x.key
run 2 "a courier with a region" "$lockbus" keygen courier --region 1 -o x.key
run 1 "a key of no role" "$lockbus" keygen king -o x.key
run 1 "a key is never written over" "$lockbus" keygen root -o root1.key
run 1 "a name without .key" "$lockbus" keygen root -o root4
touch y.pub
run 1 "a public half in the way" "$lockbus" keygen root -o y.key
[ ! -e y.key ] || fail "a secret half stayed without its public half"

cat >m.ini <<EOF
; the first manifest
[manifest]
operator_id = f4f59b6d49ae9fcc519ad2d278c48845
number = 1
epoch = 11
issued_at = 1789900000
threshold = 2
[limits]
max_open_occupied = 2
max_open_vacant = 4
interlock_hold_s = 300
burst = 6
per_hour = 60
return_burst = 3
return_per_hour = 60
service_burst = 2
service_per_hour = 4
code_tries = 5
code_tries_per_hour = 10
reopen_window_s = 120
ajar_after_s = 60
max_grant_hours = 720
challenge_ttl_s = 120
service_ttl_s = 900
code_min_bits = 30
[keys]
root1 = root file:root1.pub
root2 = root file:root2.pub
root3 = root file:root3.pub
issuer = issuer file:issuer.pub region=5-9
ops = operations file:ops.pub
sec = security file:sec.pub
EOF
run 0 "a manifest" "$lockbus" manifest m.ini --sign root2.key --sign root1.key -o 1.lbm
size 1.lbm $((64 + 6 * 48 + 2 * 72))
run 0 "inspect a manifest" "$lockbus" inspect 1.lbm
says "max_grant_hours *720"
says "region *5-9"
says "not checked"
run 0 "a root of the manifest before signs too" "$lockbus" manifest m.ini \
    --sign root2.key --sign other.key --sign root1.key -o 3.lbm
says "other.key: is no root of this manifest; taken for a root of the one before"
! grep -q "root1.key" err || fail "a root of this manifest is named"
run 1 "too few of its own roots" "$lockbus" manifest m.ini --sign root2.key --sign other.key -o 4.lbm
says "1 of the 2 signers are roots of this manifest, its threshold is 2"
run 1 "one root is too few" "$lockbus" manifest m.ini --sign root1.key -o 2.lbm
run 1 "one root twice" "$lockbus" manifest m.ini --sign root1.key --sign root1.key -o 2.lbm
run 1 "an issuer signs no manifest" "$lockbus" manifest m.ini --sign root1.key --sign issuer.key -o 2.lbm
run 1 "a manifest is never written over" "$lockbus" manifest m.ini --sign root2.key --sign root1.key -o 1.lbm
sed 's/^burst = 6/burst = 0/' m.ini >bad.ini
run 1 "a limit of zero" "$lockbus" manifest bad.ini --sign root1.key --sign root2.key -o 2.lbm
says "bad.ini:12: burst"
[ ! -e 2.lbm ] || fail "a refused manifest was written"

deposit="$lockbus deposit --cabinet $id --stay 11:100 --courier c.pub --issuer issuer.key"
run 0 "a deposit" $deposit --door 12 --return r.pub --return-after 3600 --release-out rel.key -o 1.pkg
grep -Eqx '0C-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}' out || fail "no code"
[ "$(wc -l <out)" -eq 1 ] || fail "more than a code"
[ "$(stat -c %a 1.pkg)" = 600 ] || fail "a package others may read"
run 0 "inspect a package" "$lockbus" inspect 1.pkg
says "stay *47244640356 (11:100)"
says "memory_kib *65536"
run 0 "a deposit for digits" $deposit --door 12 --digits -o 2.pkg
grep -Eqx '012-[0-9]{4}-[0-9]{3}-[0-9]{3}' out || fail "no code of digits"
run 0 "a visit" $deposit --door 3 --visit -o 3.pkg
[ ! -s out ] || fail "a visit has a code"
run 0 "a key and no code" $deposit --door 3 --no-code --release-out rel2.key -o 4.pkg
[ ! -s out ] || fail "a code though none was wanted"
run 2 "no code and no key" $deposit --door 3 --no-code -o 5.pkg
run 2 "a return without its time" $deposit --door 3 --return r.pub -o 5.pkg
run 2 "a visit with a return" $deposit --door 3 --visit --return r.pub --return-after 9 -o 5.pkg
run 2 "a door too high" $deposit --door 1024 -o 5.pkg
run 2 "a door given twice" $deposit --door 3 --door 4 -o 5.pkg
run 2 "no door" $deposit -o 5.pkg
run 2 "an unknown option" $deposit --door 3 --all -o 5.pkg
run 1 "no time to be valid in" $deposit --door 3 --hours 0 -o 5.pkg
says valid_for_s
run 1 "an issuer that is none" "$lockbus" deposit --cabinet $id --stay 11:100 \
    --courier c.pub --issuer ops.key --door 3 -o 5.pkg
run 1 "a stay of zero" "$lockbus" deposit --cabinet $id --stay 0:0 \
    --courier c.pub --issuer issuer.key --door 3 -o 5.pkg
says stay
for stay in 1 0 4294967295 11: :1 11:4294967296 11:1:1 -1 11:x; do
    run 2 "a stay $stay" "$lockbus" deposit --cabinet $id --stay $stay \
        --courier c.pub --issuer issuer.key --door 3 -o 5.pkg
    says "--stay: takes EPOCH:N, the epoch being the manifest's"
done
run 0 "a stay as one number" "$lockbus" deposit --cabinet $id --stay 47244640356 \
    --courier c.pub --issuer issuer.key --door 3 -o 6.pkg
"$lockbus" inspect 6.pkg >out
says "(11:100)"
[ ! -e 5.pkg ] || fail "a refused package was written"

proof="--cabinet $id --door 12 --stay 11:100 --challenge $challenge"
run 0 "a release" "$lockbus" proof release $proof --key rel.key -o 1.lbp
size 1.lbp 112
run 0 "a deposit's proof" "$lockbus" proof deposit $proof --key c.key -o 2.lbp
run 0 "a return" "$lockbus" proof return $proof --key r.key -o 3.lbp
run 1 "a courier's key releases nothing" "$lockbus" proof release $proof --key c.key -o 4.lbp
run 2 "a proof of no kind" "$lockbus" proof open $proof --key c.key -o 4.lbp
run 0 "inspect a proof" "$lockbus" inspect 1.lbp
says "proof: release"
says "challenge *$challenge"
chmod 640 rel.key
run 1 "a secret key others may read" "$lockbus" proof release $proof --key rel.key -o 4.lbp

order="--cabinet $id --door 12 --challenge $challenge --order-no 11:5 --not-after 1790000600 --reason 42"
run 0 "an order" "$lockbus" order block $order --sign sec.key --sign ops.key -o 1.lbs
size 1.lbs 208
run 0 "inspect an order" "$lockbus" inspect 1.lbs
says "service order: block"
says "reason *42"
run 1 "one person" "$lockbus" order open $order --sign ops.key -o 2.lbs
run 1 "one person twice" "$lockbus" order open $order --sign ops.key --sign ops.key -o 2.lbs
run 1 "a root is no second person" "$lockbus" order open $order --sign ops.key --sign root1.key -o 2.lbs
run 2 "an order whose epoch was forgotten" "$lockbus" order open \
    --cabinet $id --door 12 --challenge $challenge --order-no 5 \
    --not-after 1790000600 --reason 42 --sign ops.key --sign sec.key -o 2.lbs
says "--order-no: takes EPOCH:N"
run 0 "one person's half" "$lockbus" order block $order --half --sign sec.key -o a.lbs
size a.lbs 136
run 0 "inspect a half" "$lockbus" inspect a.lbs
says "half of a service order: block"
[ "$(grep -c '^signed by' out)" -eq 1 ] || fail "a half with two signers"
run 0 "a half in hexadecimal" "$lockbus" order block $order --half --sign sec.key -o -
[ "$(od -An -v -tx1 a.lbs | tr -d ' \n')" = "$(cat out)" ] || fail "it is another"
run 1 "a half by two" "$lockbus" order block $order --half --sign sec.key --sign ops.key -o b.lbs
run 1 "a root's half" "$lockbus" order block $order --half --sign root1.key -o b.lbs
[ ! -e b.lbs ] || fail "a refused half was written"
run 0 "a proof in hexadecimal" "$lockbus" proof release $proof --key rel2.key -o -
grep -Eqx '[0-9a-f]{224}' out || fail "no proof"
run 2 "open them all" "$lockbus" order open-all $order --sign ops.key --sign sec.key -o 2.lbs

two="--sign ops.key --sign sec.key"
run 0 "a commissioning order" "$lockbus" order commission "$cabinet" 1.lbm --cabinet $id --region 7 $two -o 1.lbc
size 1.lbc 256
run 0 "inspect a commissioning order" "$lockbus" inspect 1.lbc
says "commissioning order: first"
says "order_no *47244640257 (11:1)"
says "region *7"
run 1 "an amendment without a number" "$lockbus" order commission "$cabinet" 1.lbm --cabinet $id --region 7 $two --amend -o 2.lbc
run 1 "a number of another epoch" "$lockbus" order commission "$cabinet" 1.lbm --cabinet $id --region 7 $two --amend --order-no 10:2 -o 2.lbc
if "$lockbus" order commission "$cabinet" 1.lbm --cabinet $id --region 70000 $two -o 4.lbc 2>&1 |
    grep -q "warning: 1.lbm has no issuer for region 70000"; then
    echo "ok: a region that no issuer covers is warned of"
else
    echo "not ok: a region that no issuer covers is not warned of" >&2
    exit 1
fi
run 0 "an amendment" "$lockbus" order commission "$cabinet" 1.lbm --cabinet $id --region 7 $two --amend --order-no 11:2 -o 2.lbc
run 1 "a manifest that is none" "$lockbus" order commission "$cabinet" 1.lbc --cabinet $id --region 7 $two -o 3.lbc

run 0 "inspect a secret key" "$lockbus" inspect issuer.key
says "region *5-9"
seed=$(cut -d' ' -f5 issuer.key)
grep -q "$seed" out && fail "inspect prints a secret"
run 1 "inspect what is nothing" "$lockbus" inspect m.ini
echo "all ok"
