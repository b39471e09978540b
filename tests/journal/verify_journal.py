#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""verify_journal.py DIR [ESCROW-KEY-IN-HEX]: a second reader of journals,
written from docs/JOURNAL.md alone, with nothing but the standard library. It
says what `lockbus journal verify` says of the blocks; receipts and anchors it
does not look at."""
import hashlib
import json
import os
import struct
import sys

BLOCK, BLOCKS, SLOT = 4096, 1024, 128
ZERO_SLOT = bytes(SLOT)


def crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = crc_table()


def crc_bytes(crc, data):
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 255]
    return crc


# What a slot of zeros makes of each of the sum's bytes: most slots are zero.
OVER_ZEROS = [[crc_bytes(byte << 8 * place, ZERO_SLOT) for byte in range(256)]
              for place in range(4)]


def crc32c(data):
    crc = 0xFFFFFFFF
    for at in range(0, len(data), SLOT):
        slot = data[at:at + SLOT]
        if slot == ZERO_SLOT:
            crc = (OVER_ZEROS[0][crc & 255] ^ OVER_ZEROS[1][crc >> 8 & 255] ^
                   OVER_ZEROS[2][crc >> 16 & 255] ^ OVER_ZEROS[3][crc >> 24])
        else:
            crc = crc_bytes(crc, slot)
    return crc ^ 0xFFFFFFFF


def blake2b(data, key=b""):
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


def next_key(key):
    return blake2b(b"lockbus/journal/next\0", key)


class Block:
    """What 4,096 bytes are by themselves: empty, torn, wrong or whole."""

    def __init__(self, data):
        self.digest, self.tag = data[3968:4000], data[4000:4032]
        if not any(data):
            self.state = "empty"
            return
        if (struct.unpack("<I", data[4032:4036])[0] != crc32c(data[:4032]) or
                any(data[4036:])):
            self.state = "torn"
            return
        (magic, form, self.count, trusted, self.cabinet, self.number,
         self.segment, _, self.key_index, _, _, self.before) = struct.unpack(
             "<4sHBB16sQIIQQQ32s", data[:96])
        fine = (self.digest == blake2b(data[:3968]) and magic == b"LBJ1" and
                form == 1 and self.count <= 30 and trusted <= 1 and
                not any(data[96:128]) and
                not any(data[128 + SLOT * self.count:3968]))
        self.state = "whole" if fine else "wrong"
        self.records_ok = fine and all(
            data[at] != 0 and
            not 1024 <= struct.unpack("<H", data[at + 2:at + 4])[0] <= 65534
            for at in range(128, 128 + SLOT * self.count, SLOT))


def verify(first, beyond, block_at, root=None):
    """Segments `first` to `beyond` - 1, whose block n is block_at(n)."""
    report = {"intact": True, "blocks": 0, "records": 0, "torn_tail": False,
              "tags_checked": root is not None, "first_block": first * BLOCKS,
              "last_block": 0, "last_digest": bytes(32).hex()}
    number, bound = first * BLOCKS, beyond * BLOCKS
    key, cabinet = root, None
    before = bytes(32) if first == 0 else None
    for _ in range(number if key else 0):
        key = next_key(key)

    def bad(at):
        return {**report, "intact": False, "first_bad": at}

    while number < bound:
        block = block_at(number)
        if block.state in ("empty", "torn"):
            # Only zeros may follow, and no further segment.
            if bound > (number // BLOCKS + 1) * BLOCKS or any(
                    block_at(n).state != "empty"
                    for n in range(number + 1, bound)):
                return bad(number)
            report["torn_tail"] = block.state == "torn"
            break
        if (block.state == "wrong" or block.number != number or
                block.segment != number // BLOCKS or
                block.key_index != number or
                cabinet not in (None, block.cabinet) or
                before not in (None, block.before) or
                key and blake2b(block.digest, key) != block.tag or
                not block.records_ok):
            return bad(number)
        cabinet, before = block.cabinet, block.digest
        key = key and next_key(key)
        report["blocks"] += 1
        report["records"] += block.count
        report["last_block"] = number
        report["last_digest"] = block.digest.hex()
        number += 1
    return report


def verify_folder(folder, root=None):
    numbers = sorted(int(name[8:]) for name in os.listdir(folder)
                     if name.startswith("segment-"))
    if not numbers or numbers != list(range(numbers[0], numbers[-1] + 1)):
        raise SystemExit("no journal, or a segment is missing between others")

    def block_at(number):
        path = os.path.join(folder, f"segment-{number // BLOCKS:08d}")
        with open(path, "rb") as segment:
            segment.seek(number % BLOCKS * BLOCK)
            data = segment.read(BLOCK)
        if len(data) != BLOCK:
            raise SystemExit(f"{path} is cut short")
        return Block(data)

    return verify(numbers[0], numbers[-1] + 1, block_at, root)


def main():
    root = bytes.fromhex(sys.argv[2]) if len(sys.argv) > 2 else None
    report = verify_folder(sys.argv[1], root)
    print(json.dumps(report, indent=1))
    sys.exit(0 if report["intact"] else 1)


if __name__ == "__main__":
    main()
