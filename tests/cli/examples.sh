#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# examples.sh LOCKBUS LOCKBUS-SIM PROFILES ISSUE_PARCEL OPEN_WITH_KEY
# WHICH_DOORS RELEASE_BY_CODE [BINDING LIBRARY]: the examples at work.
set -eu
lockbus=$1 sim=$2 profiles=$3 issue=$4 open=$5 which=$6 kiosk=$7
examples=$(cd "$(dirname "$0")/../../examples" && pwd)
. "$(dirname "$0")/cabinet.sh"
shift 7

fail() {
    echo "not ok: $1" >&2
    cat out err >&2 2>/dev/null || true
    exit 1
}

start_sim
stay() { # the manifest's epoch is 1
    echo $((4294967296 + $1))
}
"$issue" issuer.key courier.pub "$id" 1 "$(stay 1)" p.pkg >code.txt
"$lockbus" open cabinet.ini deposit p.pkg --key courier.key
sed 's/^code //' code.txt | "$kiosk" cabinet.ini >out 2>err || fail release_by_code
grep -q '^OPENED ticket 1 door A02' out || fail "release_by_code opens nothing"
echo "ok: issue_parcel and release_by_code"

"$lockbus" deposit --cabinet "$id" --door 2 --stay 1:2 --courier courier.pub \
    --issuer issuer.key --release-out release.key -o p2.pkg >code2.txt
"$lockbus" open cabinet.ini deposit p2.pkg --key courier.key
"$open" cabinet.ini A03 courier.key >out 2>err && fail "a foreign key opens" || true
grep -q '(DENIED, rule P6)$' err || fail "it does not say why"
"$open" cabinet.ini Z99 release.key >out 2>err && fail "a door that is none" || true
grep -q 'no door is labelled Z99' err || fail "it does not say which door"
"$open" cabinet.ini A03 release.key >out 2>err || fail open_with_key
grep -q '^A03 OPENED' out || fail "open_with_key opens nothing"
echo "ok: open_with_key"
if [ $# -eq 2 ]; then
    export PYTHONPATH="$1" LOCKBUS_LIBRARY="$2" PYTHONDONTWRITEBYTECODE=1
    python3 "$examples/open_with_key.py" cabinet.ini A03 release.key >out 2>err ||
        fail open_with_key.py
    grep -q '^A03 OPENED' out || fail "open_with_key.py opens nothing"
    echo "ok: open_with_key.py"
fi
"$which" journal journal.escrow >out 2>err || fail which_doors
grep -q 'door 1 may open (release), intent 2, key [0-9a-f]* by code' out ||
    fail "which_doors does not say whose key"
grep -q 'door 2: opened' out || fail "which_doors does not say what came of it"
echo "ok: which_doors"
echo "all ok"
