#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The worked examples of docs/GRANTS.md and docs/JOURNAL.md: they are what the
code makes, and hold under PyNaCl, hashlib and a CRC of this file's own, which
know nothing of lockbus. argv: the program docs_examples, the source folder.
With --write it puts the code's examples into the pages."""
import hashlib
import pathlib
import re
import subprocess
import sys
import unittest

from nacl import bindings, pwhash, signing
from nacl.exceptions import BadSignatureError

PAGES = {"grants": "docs/GRANTS.md", "journal": "docs/JOURNAL.md"}
BEGIN = "<!-- made by tests/docs/test_examples.py --write -->\n"
END = "<!-- end of what is made -->\n"
BLOCK = re.compile(r"```hex (\w+)\n(.*?)```", re.S)
ROW = re.compile(r"^ *(\d+)  (?:00 x (\d+)|([0-9a-f]+))(?: |$)")
PROGRAM = ROOT = ""


def made(page):
    """What the code prints for a page."""
    return subprocess.run([PROGRAM, page], check=True, capture_output=True,
                          text=True).stdout


def written(page):
    """What stands in the page."""
    text = (pathlib.Path(ROOT) / PAGES[page]).read_text()
    return text[text.index(BEGIN) + len(BEGIN):text.index(END)]


def things(page):
    """{name: bytes} of a page's blocks; offsets must fit."""
    found = {}
    for name, body in BLOCK.findall(written(page)):
        data = b""
        for line in body.splitlines():
            at, zeros, digits = ROW.match(line).groups()
            assert int(at) == len(data), line
            data += bytes(int(zeros)) if zeros else bytes.fromhex(digits)
        found[name] = data
    return found


def keys():
    """{first 8 bytes: whole key} of the table, each made from its seed."""
    table = re.findall(r"\| `(..)` x 32 \| `([0-9a-f]{64})` \|",
                       written("grants"))
    table = {bytes.fromhex(k)[:8]: bytes.fromhex(k) for seed, k in table
             if bytes(signing.SigningKey(bytes.fromhex(seed) * 32).verify_key)
             == bytes.fromhex(k)}
    return table


def verify(key, prefix, body, signature):
    """Raises when the signature is not the key's."""
    signing.VerifyKey(key).verify(prefix + b"\0" + body, signature)


def crc32c(data):
    """Castagnoli, bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def blake(data, key=b""):
    """BLAKE2b-256."""
    return hashlib.blake2b(data, digest_size=32, key=key).digest()


class Examples(unittest.TestCase):
    """Both pages."""

    def test_the_pages_say_what_the_code_makes(self):
        for page in PAGES:
            self.assertEqual(written(page), made(page))

    def test_the_keys_are_the_seeds(self):
        self.assertEqual(len(keys()), 9)

    def test_a_grant_and_a_proof_verify(self):
        grant, proof = things("grants")["grant"], things("grants")["proof"]
        self.assertEqual((len(grant), len(proof)), (232, 112))
        verify(keys()[grant[160:168]], b"lockbus/deposit/v1", grant[:160],
               grant[168:])
        verify(grant[96:128], b"lockbus/proof/v1", proof[:48], proof[48:])
        with self.assertRaises(BadSignatureError):
            verify(grant[64:96], b"lockbus/proof/v1", proof[:48], proof[48:])

    def test_orders_have_two_signers_in_order(self):
        for name, prefix, body in (
                ("order", b"lockbus/service/v1", 64),
                ("commission", b"lockbus/commission/v1", 112),
                ("manifest", b"lockbus/manifest/v1", 400)):
            data = things("grants")[name]
            self.assertEqual(len(data), body + 144)
            self.assertLess(data[body:body + 8], data[body + 72:body + 80])
            for at in (body, body + 72):
                verify(keys()[data[at:at + 8]], prefix, data[:body],
                       data[at + 8:at + 72])

    def test_the_commissioning_order_names_the_manifest(self):
        all_of = things("grants")
        self.assertEqual(all_of["commission"][32:64], blake(b"a map"))
        self.assertEqual(all_of["commission"][64:96],
                         blake(all_of["manifest"]))

    def test_the_code_opens_the_seal(self):
        grant, seal = things("grants")["grant"], things("grants")["seal"]
        key = pwhash.argon2id.kdf(
            32, b"K7QW2M9X", seal[16:32],
            opslimit=int.from_bytes(seal[8:12], "little"),
            memlimit=1024 * int.from_bytes(seal[12:16], "little"))
        seed = bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
            seal[56:], grant[8:24] + grant[6:8] + grant[24:32], seal[32:56],
            key)
        self.assertEqual(bytes(signing.SigningKey(seed).verify_key),
                         grant[96:128])

    def test_the_blocks_are_a_chain(self):
        before, key = bytes(32), b"\x4b" * 32
        for number in range(2):
            block = things("journal")[f"block{number}"]
            self.assertEqual(len(block), 4096)
            self.assertEqual(int.from_bytes(block[24:32], "little"), number)
            self.assertEqual(block[64:96], before)
            self.assertEqual(block[3968:4000], blake(block[:3968]))
            self.assertEqual(block[4000:4032], blake(block[3968:4000], key))
            self.assertEqual(int.from_bytes(block[4032:4036], "little"),
                             crc32c(block[:4032]))
            before = block[3968:4000]
            key = blake(b"lockbus/journal/next\0", key)

    def test_the_release_in_the_journal_verifies_again(self):
        block = things("journal")["block1"]
        record = block[128:256]
        proof = (b"LBP1\1" + record[1:2] + record[2:4] + block[8:24]
                 + record[8:16] + record[24 + 24:24 + 40])
        verify(keys()[record[24 + 16:24 + 24]], b"lockbus/proof/v1", proof,
               record[24 + 40:])

    def test_the_anchor_and_its_receipt_are_of_the_last_block(self):
        block = things("journal")["block1"]
        anchor = things("journal")["anchor"]
        receipt = things("journal")["receipt"]
        device = bytes(signing.SigningKey(b"\x1e" * 32).verify_key)
        archive = bytes(signing.SigningKey(b"\x1f" * 32).verify_key)
        self.assertEqual((len(anchor), len(receipt)), (152, 144))
        verify(device, b"lockbus/anchor/v1", anchor[:88], anchor[88:])
        verify(archive, b"lockbus/receipt/v1", receipt[:72], receipt[80:])
        self.assertEqual(receipt[72:80], archive[:8])
        for thing in anchor, receipt:
            self.assertEqual(thing[8:24], block[8:24])
            self.assertEqual(thing[24:32], block[24:32])
            self.assertEqual(thing[32:64], block[3968:4000])
        self.assertEqual(anchor[64:68], block[36:40])
        self.assertEqual(anchor[72:88], block[48:64])


def write():
    """Puts the code's examples into the pages."""
    for page, name in PAGES.items():
        path = pathlib.Path(ROOT) / name
        text = path.read_text()
        head, rest = text.split(BEGIN)
        path.write_text(head + BEGIN + made(page) + END + rest.split(END)[1])


if __name__ == "__main__":
    if "--write" in sys.argv:
        sys.argv.remove("--write")
        PROGRAM, ROOT = sys.argv[1:3]
        write()
        sys.exit(0)
    ROOT = sys.argv.pop()
    PROGRAM = sys.argv.pop()
    unittest.main()
