#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# build.sh SOURCE_DIR WORK_DIR: the gate compiled as a board's firmware would,
# for this machine and for a Cortex-M0+. It may include only the compiler's
# own headers, and may call only lb_crypto_* and what compilers emit by
# themselves. Prints sizes; exits 1 at the first thing that is not allowed.
set -eu
source=$1
work=$2
flags="-std=c11 -ffreestanding -nostdlib -nostdinc -fno-builtin -Os
  -Wall -Wextra -Wpedantic -Werror -ffunction-sections -fdata-sections
  -I$source/lib -I$source/include"

allowed='stdint\.h|stddef\.h|stdbool\.h|base/(bytes|crypto|permit|record)\.h'
allowed="$allowed|gate/[a-z_]+\.h|lockbus/error\.h"
if grep -nE '^ *# *include' "$source"/lib/gate/*.c "$source"/lib/gate/*.h \
    "$source"/lib/base/bytes.[ch] "$source"/lib/base/crypto.h \
    "$source"/lib/base/permit.h "$source"/lib/base/record.h \
    "$source"/include/lockbus/error.h | grep -vE "[<\"]($allowed)[>\"]"; then
  echo "freestanding: the lines above include what a board has not" >&2
  exit 1
fi

one() { # NAME COMPILER NM LD SIZE FLAGS...
  name=$1 cc=$2 nm=$3 ld=$4 size=$5
  shift 5
  out=$work/$name
  rm -rf "$out"
  mkdir -p "$out"
  inc=$($cc -print-file-name=include)
  for file in "$source"/lib/gate/*.c "$source"/lib/base/bytes.c; do
    # shellcheck disable=SC2086
    $cc $flags -isystem "$inc" "$@" -c "$file" \
      -o "$out/$(basename "$file" .c).o"
  done
  $ld -r -o "$out/gate.elf" "$out"/*.o
  if $nm -u "$out/gate.elf" | awk '{print $NF}' | sort -u |
    grep -vE '^(lb_crypto_[a-z_]+|mem(cpy|set|move|cmp)|__aeabi_[a-z0-9_]+|__gnu_thumb1_case_[a-z]+)$'; then
    echo "freestanding: $name needs the symbols above" >&2
    exit 1
  fi
  # Nothing of the gate may live outside the owner's storage.
  $size "$out/gate.elf" | awk -v name="$name" '
    NR == 2 { print "gate on " name ": text " $1 " data " $2 " bss " $3
              exit ($2 + $3 != 0) }'
}

one host "${CC:-cc}" nm ld size -fno-stack-protector
if command -v arm-none-eabi-gcc >/dev/null; then
  one cortex-m0plus arm-none-eabi-gcc arm-none-eabi-nm arm-none-eabi-ld \
    arm-none-eabi-size -mcpu=cortex-m0plus -mthumb
else
  echo "no arm-none-eabi-gcc: the cross build was not tried"
  exit 77
fi
