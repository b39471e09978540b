#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# ports.sh LOCKBUS: what `lockbus ports` says of adapters that a false /sys
# describes. Needs a mount namespace (root): without one it fails.
set -eu
tool=$1

if [ "${2-}" != inside ]; then
    if ! unshare -m true; then
        echo "ports.sh: no mount namespace; this test needs root" >&2
        exit 1
    fi
    exec unshare -m sh "$0" "$tool" inside
fi

sys=/sys/class/tty
mount -t tmpfs lockbus $sys
output=$(mktemp)
trap 'rm -f "$output"' EXIT

# plug NAME VENDOR PRODUCT [SERIAL]
plug() {
    mkdir -p "$sys/.usb1/$1/device"
    echo 1 >"$sys/.usb1/$1/busnum"
    echo 4 >"$sys/.usb1/$1/devnum"
    echo "$2" >"$sys/.usb1/$1/idVendor"
    echo "$3" >"$sys/.usb1/$1/idProduct"
    echo "Serial adapter" >"$sys/.usb1/$1/product"
    if [ -n "${4-}" ]; then
        echo "$4" >"$sys/.usb1/$1/serial"
    fi
    ln -s ".usb1/$1" "$sys/$1"
}

# says TEXT...: a line of the output begins so, blanks counting as one
says() {
    if ! tr -s ' ' <"$output" | grep -q "^$*"; then
        echo "ports.sh: no line begins with '$*':" >&2
        cat "$output" >&2
        exit 1
    fi
}

test "$("$tool" ports --json)" = "[]"
if "$tool" ports >"$output" 2>&1; then
    echo "ports.sh: no ports, and yet it succeeds" >&2
    exit 1
fi
says no serial ports

plug ttyLB0 0403 6001 FT9XK2LQ
echo 16 >$sys/.usb1/ttyLB0/device/latency_timer
ln -s ../drivers/ftdi_sio $sys/.usb1/ttyLB0/device/driver
plug ttyLB1 1a86 7523
"$tool" ports >"$output"
says usb:0403:6001:FT9XK2LQ /dev/ttyLB0 ftdi_sio 16 ms Serial adapter
says usb:1a86:7523 /dev/ttyLB1 - - Serial adapter
says /dev/ttyLB0: the adapter holds replies back for up to 16 ms
test "$(grep -c 'holds replies back' "$output")" -eq 1
"$tool" ports --json | python3 -c '
import json, sys
first, second = sorted(json.load(sys.stdin), key=lambda port: port["path"])
assert first == {"port": "usb:0403:6001:FT9XK2LQ", "path": "/dev/ttyLB0",
                 "vid": 0x0403, "pid": 0x6001, "serial": "FT9XK2LQ",
                 "driver": "ftdi_sio",
                 "text": "Serial adapter - FT9XK2LQ",
                 "latency_ms": 16}, first
assert second["latency_ms"] is None, second
'
echo 1 >$sys/.usb1/ttyLB0/device/latency_timer
"$tool" ports >"$output"
test "$(grep -c 'holds replies back' "$output")" -eq 0

# A second one without a number: neither can be named but by path.
plug ttyLB2 1a86 7523
"$tool" ports >"$output"
says path:/dev/ttyLB1
says path:/dev/ttyLB2
says usb:0403:6001:FT9XK2LQ

# What an adapter calls itself is no command to a terminal, in one byte or in
# more, and no reason to be left out.
plug ttyLB3 0403 6015 AB12
printf 'Ad\033[2J\233\302\2332Japter\n' >$sys/.usb1/ttyLB3/product
"$tool" ports >"$output"
says usb:0403:6015:AB12 /dev/ttyLB3 - - 'Ad?\[2J???2Japter'
"$tool" ports --json | python3 -c '
import json, sys
assert "/dev/ttyLB3" in [port["path"] for port in json.load(sys.stdin)]
'

code=0
"$tool" ports more >"$output" 2>&1 || code=$?
test $code -eq 2
says usage: lockbus ports
