#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# complaints.sh LOCKBUS LOCKBUS-SIM CABINET.INI PROFILES: what a stranger is
# told first: the file, the line, the field and what to do.
set -eu
lockbus=$1 sim=$2 example=$3 profiles=$4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
umask 077

# says TEXT COMMAND...: it fails, and says a line that begins so
says() {
    text=$1
    shift
    if "$@" >out 2>&1; then
        echo "complaints.sh: $* should fail" >&2
        exit 1
    fi
    if ! grep -q "^$text" out; then
        echo "complaints.sh: $* says not '$text' but:" >&2
        cat out >&2
        exit 1
    fi
}

says "lockbus-sim: nosuch.ini: cannot be opened: No such file" \
    "$sim" nosuch.ini
says "lockbus: nosuch.ini: cannot be opened: No such file" \
    "$lockbus" check nosuch.ini

sed "s|^profiles *=.*|profiles = $profiles|; s|^journal *=.*|journal = journal|" \
    "$example" >cabinet.ini
says "lockbus: journal: journal: there is no journal here: commission this cabinet first (lockbus commission)" \
    "$lockbus" watch cabinet.ini --once

sed 's|^at_once *=.*|at_once = 99|' cabinet.ini >bad.ini
line=$(grep -n '^at_once' bad.ini | cut -d: -f1)
says "lockbus: bad.ini:$line: at_once: 1 to 16" "$lockbus" check bad.ini
says "lockbus-sim: bad.ini:$line: at_once: 1 to 16" "$sim" bad.ini

# A host that ends pulses: two lines, and a warning whenever it is looked at.
sed 's/^\[boards\]/&\n99 = NAME 199 iobox-level-16ch/' cabinet.ini >level.ini
bus=$(sed -n 's/^\[bus\.\(.*\)\]/\1/p' cabinet.ini | head -n 1)
sed -i "s/^99 = NAME/99 = $bus/" level.ini
line=$(grep -n '^99 = ' level.ini | cut -d: -f1)
says "lockbus: level.ini:$line: timed_by: board 99 leaves the end of each pulse to this host" \
    "$lockbus" check level.ini
sed -i "s/^\[bus\.$bus\]/&\ntimed_by = host/" level.ini
"$lockbus" check level.ini >out
grep -q '^warning: board 99 .* leaves the solenoid driven' out

chmod 666 cabinet.ini
says "lockbus: cabinet.ini: mode: everybody may write it; chmod o-w" \
    "$lockbus" check cabinet.ini

"$lockbus" keygen courier -o c.key >/dev/null
chmod 644 c.key
says "lockbus: c.key: mode: others than its owner may use it; chmod 600" \
    "$lockbus" inspect c.key
echo "complaints.sh: all was said as it should"
