#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# demo.sh LOCKBUS-DEMO LOCKBUS-SIM PROFILES: the demo's statements hold, its
# page is whole and says what the simulated boards said, and it fails and ends
# as it should.
set -eu
demo=$1 sim=$2 profiles=$3
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
    echo "not ok: $1" >&2
    cat "$dir/out" "$dir/err" >&2
    exit 1
}

echo "1. Without a simulator it cannot begin, and says so by its exit code"
got=0
"$demo" /bin/false "$profiles" "$dir/none" --html "$dir/none.html" \
    >"$dir/out" 2>"$dir/err" || got=$?
[ "$got" = 1 ] || fail "exit $got, wanted 1"
[ ! -e "$dir/none.html" ] || fail "a page of a story that was not told"

echo "2. On a terminal it draws, and q ends it"
python3 "$here/demo_terminal.py" "$demo" "$sim" "$profiles" "$dir/live" \
    >"$dir/out" 2>"$dir/err" || fail "the terminal"

echo "3. Elsewhere it prints lines; every statement holds"
got=0
"$demo" "$sim" "$profiles" "$dir/cabinet" --html "$dir/demo.html" \
    >"$dir/out" 2>"$dir/err" || got=$?
broken=$(grep -c BROKEN "$dir/out" || true)
held=$(grep -c '^  \[ok\]' "$dir/out" || true)
[ "$broken" = 0 ] || [ "$got" = 1 ] || fail "broken, and yet exit $got"
[ "$broken" = 0 ] || fail "$broken statements did not hold"
[ "$got" = 0 ] || fail "exit $got, wanted 0"
grep -q "^$held of $held statements held$" "$dir/out" || fail "a wrong count"
[ ! -s "$dir/err" ] || fail "something on stderr"
tail -n 1 "$dir/out" | grep -q "$dir/demo.html" || fail "no path of the page"

echo "4. The page"
python3 "$here/demo_page.py" "$dir/demo.html" "$dir/out" || fail "the page"
echo "ok: $held statements, a page of $(wc -c <"$dir/demo.html") bytes"
