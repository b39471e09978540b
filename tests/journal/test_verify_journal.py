#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""test_verify_journal.py TEST-TAMPER: the second reader against lib/journal on
each row of the tampering matrix, without and with the escrow key: verdict,
first bad block, counts, last block and its digest."""
import os
import struct
import subprocess
import sys
import tempfile

import verify_journal

FIELDS = ("intact", "first_bad", "blocks", "records", "torn_tail",
          "first_block", "last_block", "last_digest")
ROWS_AT_LEAST = 46


def rows(stream):
    """Yields name, first, beyond, key, changed blocks and two reports."""
    while head := stream.readline().decode().split("\t"):
        if head == [""]:
            return
        name, first, beyond, count, key = head[:5]
        changed = {}
        for _ in range(int(count)):
            number, = struct.unpack("<Q", stream.read(8))
            changed[number] = stream.read(verify_journal.BLOCK)
        said = [dict(zip(FIELDS, stream.readline().decode().split()))
                for _ in range(2)]
        yield name, int(first), int(beyond), bytes.fromhex(key), changed, said


def text_of(report, field):
    value = report.get(field, 2**64 - 1)
    return str(int(value)) if isinstance(value, bool) else str(value)


def main():
    seen, base, wrong, count = {}, {}, 0, 0

    def block_of(data):
        if data not in seen:
            seen[data] = verify_journal.Block(data)
        return seen[data]

    with tempfile.TemporaryDirectory() as work:
        dump = os.path.join(work, "dump")
        subprocess.run([sys.argv[1]], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL,
                       env={**os.environ, "LOCKBUS_TAMPER_DUMP": dump})
        with open(dump, "rb") as stream:
            for name, first, beyond, key, changed, said in rows(stream):
                blocks = {**base, **changed}
                base = base or blocks
                count += 1
                for root, theirs in zip((None, key), said):
                    ours = verify_journal.verify(
                        first, beyond, lambda n, blocks=blocks: block_of(
                            blocks.get(n, bytes(verify_journal.BLOCK))), root)
                    for field in FIELDS:
                        if text_of(ours, field) != theirs[field]:
                            wrong += 1
                            print(f"{name}, {'with' if root else 'no'} key: "
                                  f"{field} is {text_of(ours, field)}, "
                                  f"lib/journal says {theirs[field]}")
    print(f"{count} rows, {wrong} differences")
    sys.exit(0 if count >= ROWS_AT_LEAST and wrong == 0 else 1)


main()
