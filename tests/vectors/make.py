#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes rules.txt and first.txt beside it: cases for every rule and each of
its bounds, made with PyNaCl and without lockbus. README.md has the format.
With --check it says whether the files are what it would write."""
import hashlib
import pathlib
import struct
import sys

import forge
from nacl import bindings, pwhash, signing

HERE = pathlib.Path(__file__).resolve().parent
CABINET, OTHER_CABINET = b"cabinet of rules", b"another cabinet."
OPERATOR = b"an operator's id"
NOW, EPOCH, REGION, DOORS = 1790000000, 9, 3, 40
D = 5  # the door of most cases
(ROOT_A, ROOT_B, ROOT_C, ISSUER, OPS, SEC, OPS_2, FAR_ISSUER, BAD_ISSUER,
 COURIER, RECIPIENT, RETURNS, OTHER, NEXT_ROOT, NEXT_ISSUER) = range(1, 16)
PROOF, DEPOSIT = b"lockbus/proof/v1\0", b"lockbus/deposit/v1\0"
SERVICE, COMMISSION = b"lockbus/service/v1\0", b"lockbus/commission/v1\0"
MANIFEST = b"lockbus/manifest/v1\0"
ZERO = bytes(32)
NEUTRAL = b"\1" + bytes(31)                   # a key under which 0 signs all
ORDER_8 = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b138"
                        "02886d53fc05")
NOT_CANONICAL = b"\xee" + b"\xff" * 30 + b"\x7f"  # 1 + p
NO_POINT = b"\2" + bytes(31)
RELEASE, RETURN, KIND_DEPOSIT, REOPEN, CANCEL = 1, 2, 3, 4, 5
OPEN, BLOCK, UNBLOCK, CLEAR = 1, 2, 3, 4
Q, Q2, Q3 = b"a question, 16 B", b"another question", b"the third, 16 B."
LIMITS = {"occupied": 2, "vacant": 3, "hold": 45, "burst": 5, "per_hour": 7,
          "return_burst": 3, "return_per_hour": 4, "service_burst": 4,
          "service_per_hour": 6, "tries": 5, "tries_per_hour": 3,
          "window": 100, "ajar": 30, "grant_hours": 48, "ttl": 50,
          "service_ttl": 70, "bits": 30}
TOKEN_S = {"release": -(-3600 // 7), "return": 900, "service": 600}


def key(person):
    """The public key of a person, or the bytes that stand for one."""
    if isinstance(person, bytes):
        return person
    return bytes(signing.SigningKey(bytes([person]) * 32).verify_key)


def sign(person, prefix, body):
    """64 bytes."""
    return signing.SigningKey(bytes([person]) * 32).sign(
        prefix + body).signature


def stay(number, epoch=EPOCH):
    """A stay or an order's number."""
    return epoch << 32 | number


def patched(body, patch):
    """The body with {offset: bytes} put in."""
    body = bytearray(body)
    for at, new in (patch or {}).items():
        body[at:at + len(new)] = new
    return bytes(body)


def grant(patch=None, signer=ISSUER, key_id=None, **has):
    """A deposit grant of the courier for the recipient."""
    g = {"uses": 0x23, "door": D, "cabinet": CABINET, "stay": stay(1),
         "from": NOW, "valid": 3600, "after": 0, "courier": COURIER,
         "release": RECIPIENT, "back": ZERO, **has}
    body = (b"LBD1\1" + struct.pack("<BH", g["uses"], g["door"])
            + g["cabinet"]
            + struct.pack("<QQII", g["stay"], g["from"], g["valid"],
                          g["after"])
            + b"parcel's own ref" + key(g["courier"]) + key(g["release"])
            + key(g["back"]))
    body = patched(body, patch)
    return body + (key_id or key(signer)[:8]) + sign(signer, DEPOSIT, body)


def proof(kind, signer, door=D, number=1, q=Q, patch=None, **has):
    """A proof for a stay of this epoch."""
    body = (b"LBP1\1" + struct.pack("<BH", kind, door)
            + has.get("cabinet", CABINET)
            + struct.pack("<Q", has.get("stay", stay(number))) + q)
    body = patched(body, patch)
    return body + sign(signer, PROOF, body)


def two(prefix, body, one=OPS, other=SEC):
    """Both signatures, ascending."""
    pairs = sorted((key(p)[:8], p) for p in (one, other))
    return b"".join(i + sign(p, prefix, body) for i, p in pairs)


def order(action, n=1, patch=None, signers=(OPS, SEC), **has):
    """A service order."""
    body = (b"LBS1\1" + struct.pack("<BH", action, has.get("door", D))
            + has.get("cabinet", CABINET)
            + struct.pack("<QQ", has.get("number", stay(n)),
                          has.get("until", NOW + 3600))
            + has.get("q", Q) + struct.pack("<II", 7, 0))
    body = patched(body, patch)
    return body + two(SERVICE, body, *signers)


def limits(**has):
    """24 bytes."""
    v = {**LIMITS, **has}
    return struct.pack(
        "<BBHBBBBBBBBHHHHHBB", v["occupied"], v["vacant"], v["hold"],
        v["burst"], v["per_hour"], v["return_burst"], v["return_per_hour"],
        v["service_burst"], v["service_per_hour"], v["tries"],
        v["tries_per_hour"], v["window"], v["ajar"], v["grant_hours"],
        v["ttl"], v["service_ttl"], v["bits"], 0)


def entry(role, person, epoch=0, first=0, last=2**32 - 1):
    """A key of a manifest."""
    return struct.pack("<BBHIII", role, 0, 0, epoch, first, last) + key(person)


KEYS = [entry(1, ROOT_A), entry(1, ROOT_B), entry(1, ROOT_C),
        entry(2, ISSUER, first=REGION, last=REGION), entry(3, OPS),
        entry(4, SEC), entry(3, OPS_2),
        entry(2, FAR_ISSUER, first=REGION + 1, last=REGION + 9)]


def manifest(number=2, keys=None, signers=(ROOT_A, ROOT_B), patch=None, **has):
    """A manifest, the second one by default."""
    keys = KEYS if keys is None else keys
    body = (b"LBM1\1"
            + struct.pack("<BBB", len(keys), has.pop("threshold", 2), 0)
            + has.pop("operator", OPERATOR)
            + struct.pack("<IIQ", number, has.pop("epoch", EPOCH),
                          has.pop("issued", NOW - 1000))
            + limits(**has) + b"".join(keys))
    body = patched(body, patch)
    ids = sorted((key(p)[:8], p) for p in signers)
    return body + b"".join(i + sign(p, MANIFEST, body) for i, p in ids)


FIRST = manifest(1)


def blake(data):
    """BLAKE2b-256."""
    return hashlib.blake2b(data, digest_size=32).digest()


def commission(kind, n=1, patch=None, signers=(OPS, SEC), **has):
    """A commissioning order for the map `a map`."""
    body = (b"LBC1\1" + struct.pack("<BH", kind, has.get("doors", DOORS))
            + has.get("cabinet", CABINET)
            + struct.pack("<Q", has.get("number", stay(n)))
            + has.get("map", blake(b"a map")) + blake(has.get("of", FIRST))
            + struct.pack("<I", has.get("region", REGION)) + bytes(12))
    body = patched(body, patch)
    return body + two(COMMISSION, body, *signers)


def seal(secret, person=RECIPIENT, door=D, number=1, mark=0, patch=None):
    """The person's seed under a secret, at next to no cost."""
    head = b"LBX1\1\1\0\0" + struct.pack("<II", 1, 8)
    salt, nonce = bytes([mark]) * 16, bytes([mark]) * 24
    under = pwhash.argon2id.kdf(32, secret, salt, opslimit=1, memlimit=8192)
    box = bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
        bytes([person]) * 32,
        CABINET + struct.pack("<HQ", door, stay(number)), nonce, under)
    return patched(head + salt + nonce + box, patch)


class Cases:
    """The text of one file."""

    def __init__(self, title, scene):
        self.rows = [f"# {title} Written by make.py; README.md has the format."]
        self.rows += scene

    def case(self, name):
        """Begins one."""
        self.rows += ["", f"case {name}"]

    def do(self, *words):
        """A statement; bytes become hexadecimal."""
        self.rows.append(" ".join(
            w.hex() or "-" if isinstance(w, bytes) else str(w) for w in words))

    def ask(self, door, q=Q):
        """A challenge."""
        self.do("challenge", door, q)

    def deposit(self, answer, g=None, p=None, door=D, number=1, q=Q):
        """With a challenge and the proof that fits."""
        self.ask(door, q)
        self.do("deposit", grant(door=door, stay=stay(number))
                if g is None else g,
                p if p is not None else
                proof(KIND_DEPOSIT, COURIER, door, number, q), answer)

    def proof(self, answer, kind=RELEASE, signer=RECIPIENT, door=D, **has):
        """With a challenge."""
        self.ask(door)
        self.do("proof", proof(kind, signer, door, **has), answer)

    def order(self, answer, action, n=1, **has):
        """With a challenge."""
        self.ask(has.get("door", D))
        self.do("order", order(action, n, **has), answer)

    def occupied(self, door=D, person=RECIPIENT, number=1, *more):
        """A door with a parcel."""
        self.do("door", door, "occupied shut stay", stay(number), "courier",
                key(COURIER), "release", key(person), *more)

    def fill(self, door=D, number=1, person=RECIPIENT, **has):
        """A parcel by a deposit that went well."""
        self.deposit("OK", grant(door=door, stay=stay(number), release=person,
                                 **has), door=door, number=number)
        self.do("opens", door)
        self.do("wait", 2)
        self.do("shuts", door)
        self.do("is", door, "occupied")

    def text(self):
        """The file."""
        return "\n".join(self.rows) + "\n"


def scene():
    """What every case of rules.txt begins with."""
    return [f"cabinet {CABINET.hex()}", f"region {REGION}", f"doors {DOORS}",
            f"time {NOW} trusted", f"manifest {FIRST.hex()} OK"]


# ---- Deposits ---------------------------------------------------------------

def grant_forms(c):
    """D1 to D7, each value that a field may not have, and the last it may."""
    for name, answer, g in (
            ("one courier use and one of the recipient", "OK",
             grant(uses=0x11)),
            ("three of each", "OK", grant(uses=0x33)),
            ("no courier use", "D1", grant(uses=0x20)),
            ("four courier uses", "D1", grant(uses=0x24)),
            ("no recipient's use", "D1", grant(uses=0x03)),
            ("four of the recipient", "D1", grant(uses=0x43)),
            ("another magic", "D1", grant({3: b"2"})),
            ("another version", "D1", grant({4: b"\2"})),
            ("a byte more", "D1", grant() + b"\0"),
            ("a byte less", "D1", grant()[:-1]),
            ("nothing", "D1", b""),
            ("an issuer that nobody knows", "D2", grant(signer=OTHER)),
            ("an issuer of other regions", "D2", grant(signer=FAR_ISSUER)),
            ("a security key as issuer", "D2", grant(signer=SEC)),
            ("a signature by another", "D3",
             grant(signer=OTHER, key_id=key(ISSUER)[:8])),
            ("a changed signature", "D3", grant()[:-1] + b"\0"),
            ("another cabinet", "D4", grant(cabinet=OTHER_CABINET)),
            ("the epoch before", "D5", grant(stay=stay(1, EPOCH - 1))),
            ("the epoch after", "D5", grant(stay=stay(1, EPOCH + 1))),
            ("a grant from now on", "OK", grant()),
            ("a grant from a second on", "D6", grant(**{"from": NOW + 1})),
            ("a grant up to now", "OK",
             grant(**{"from": NOW - 60, "valid": 60})),
            ("a grant up to a second ago", "D6",
             grant(**{"from": NOW - 60, "valid": 59})),
            ("a grant as long as may be", "OK", grant(valid=48 * 3600)),
            ("a grant longer than may be", "D6", grant(valid=48 * 3600 + 1)),
            ("a grant whose end would wrap", "D6",
             grant(**{"from": 2**64 - 1})),
            ("a courier without a key", "D7", grant(courier=ZERO)),
            ("a courier's key of order eight", "D7", grant(courier=ORDER_8)),
            ("a courier's key that is no point", "D7",
             grant(courier=NO_POINT)),
            ("a courier's key not canonical", "D7",
             grant(courier=NOT_CANONICAL)),
            ("a recipient's key that is neutral", "D7",
             grant(release=NEUTRAL)),
            ("a recipient's key of order eight", "D7",
             grant(release=ORDER_8)),
            ("a return key that is neutral", "D7",
             grant(back=NEUTRAL, after=60)),
            ("a return key and no time", "D7", grant(back=RETURNS)),
            ("a time and no return key", "D7", grant(after=60)),
            ("a return key and a time", "OK", grant(back=RETURNS, after=60)),
            ("a visit", "OK", grant(release=ZERO)),
            ("a visit with returns", "D7",
             grant(release=ZERO, back=RETURNS, after=60)),
            ("courier and recipient alike", "D7", grant(release=COURIER)),
            ("courier and returns alike", "D7",
             grant(back=COURIER, after=60)),
            ("recipient and returns alike", "D7",
             grant(back=RECIPIENT, after=60))):
        c.case(f"a grant with {name}")
        number = struct.unpack("<Q", g[24:32])[0] if len(g) > 32 else stay(1)
        c.deposit(answer, g, proof(KIND_DEPOSIT, COURIER, stay=number))
    for name, slot in (("recipient's", "release"), ("return", "back")):
        for whose, owner in (("recipient's", "release"), ("return", "return")):
            c.case(f"a {name} key that is another stay's {whose}")
            c.do("door", 6, "occupied shut stay", stay(1), "courier",
                 key(OTHER), "release",
                 key(OTHER + 20 if owner == "return" else OTHER + 30),
                 "return", key(OTHER + 30 if owner == "return" else
                               OTHER + 20), 60)
            has = {slot: OTHER + 30}
            if slot == "back":
                has["after"] = 60
            c.deposit("D7", grant(**has))
    c.case("a grant whose recipient's key a vacated door had")
    c.occupied(6, OTHER + 30)
    c.order("OK", CLEAR, door=6)
    c.deposit("OK", grant(release=OTHER + 30))
    c.case("a grant is not heard before its time even when time is not trusted"
           " later")
    c.do("time", NOW + 100, "untrusted")
    c.deposit("OK", grant(**{"from": NOW + 50}))
    c.case("what trusted time has shown stays shown when trust ends")
    c.do("time", NOW + 3000, "trusted")
    c.do("time", NOW, "untrusted")
    c.deposit("D6", grant(valid=2999))
    c.deposit("OK", grant(valid=3000))
    c.case("the last moment of time lasts")
    c.do("time", 2**36 - 1, "trusted")
    c.do("wait", 4000)
    c.do("restart")
    c.deposit("D6")
    c.case("trusted time goes on by itself")
    c.do("wait", 3599)
    c.deposit("OK", grant(valid=3599))
    c.case("trusted time goes on by itself to the last second")
    c.do("wait", 3600)
    c.deposit("D6", grant(valid=3599))
    c.case("time beyond the end of time is not heard")
    c.do("time", 2**36, "trusted")
    c.deposit("OK")
    c.case("the last moment of time is heard")
    c.do("time", 2**36 - 1, "trusted")
    c.deposit("D6")
    c.case("trusted time is on record within the hour")
    c.do("time", NOW + 3600, "trusted")
    c.do("restart")
    c.do("time", NOW, "untrusted")
    c.deposit("D6", grant(valid=3599))
    c.case("untrusted time is on no record")
    c.do("time", NOW, "untrusted")
    c.do("time", NOW + 30000, "untrusted")
    c.do("wait", 10)
    c.do("restart")
    c.deposit("OK")


def deposit_rules(c):
    """D8 to D11 and the proof beside the grant."""
    fits = proof(KIND_DEPOSIT, COURIER)
    for name, answer, p in (
            ("of a byte more", "P1", fits + b"\0"),
            ("of a byte less", "P1", fits[:-1]),
            ("of another magic", "P1",
             proof(KIND_DEPOSIT, COURIER, patch={0: b"X"})),
            ("of another version", "P1",
             proof(KIND_DEPOSIT, COURIER, patch={4: b"\0"})),
            ("of a release", "P1", proof(RELEASE, COURIER)),
            ("of a reopening", "P1", proof(REOPEN, COURIER)),
            ("for another door", "P2", proof(KIND_DEPOSIT, COURIER, door=6)),
            ("for another cabinet", "P2",
             proof(KIND_DEPOSIT, COURIER, cabinet=OTHER_CABINET)),
            ("for another stay", "P2", proof(KIND_DEPOSIT, COURIER,
                                             number=2)),
            ("of another question", "P5",
             proof(KIND_DEPOSIT, COURIER, q=Q2)),
            ("by the recipient", "P6", proof(KIND_DEPOSIT, RECIPIENT)),
            ("with a changed signature", "P6", fits[:-1] + b"\0")):
        c.case(f"a deposit with a proof {name}")
        c.deposit(answer, p=p)
    c.case("a deposit for no door")
    c.deposit("D8", grant(door=DOORS), fits)
    c.case("a deposit for the last door")
    c.deposit("OK", door=DOORS - 1)
    c.case("a deposit into a blocked door")
    c.do("door", D, "vacant shut stay 0 blocked")
    c.deposit("D8")
    c.case("a deposit while the board is away")
    c.do("away", D)
    c.deposit("D8")
    c.do("back", D)
    c.deposit("OK")
    c.case("a deposit while the leaf is open")
    c.do("door", D, "vacant open stay 0")
    c.deposit("D9")
    c.do("shuts", D)
    c.deposit("OK")
    c.case("a deposit while nobody reads the leaf")
    c.do("unread", D)
    c.deposit("D9")
    c.case("a deposit with the last stay's number")
    c.do("door", D, "vacant shut stay", stay(1))
    c.deposit("D9")
    c.deposit("OK", number=2)
    c.case("a deposit into an occupied door")
    c.occupied(D, OTHER, 1)
    c.deposit("D9", number=2)
    c.case("a deposit is tried again three times in all")
    for answer in ("OK", "OK", "OK", "D9"):
        c.deposit(answer)
    c.case("never opened gives a courier's use back, but once")
    for answer in ("OK", "OK", "OK"):
        c.deposit(answer)
    c.do("never-opened", D)
    c.do("never-opened", D)
    c.deposit("OK")
    c.deposit("D9")
    c.case("unknown gives no courier's use back")
    for _ in range(3):
        c.deposit("OK")
        c.do("unknown", D)
    c.deposit("D9")
    c.case("a deposit is not tried again with another grant for the stay")
    c.deposit("OK")
    c.deposit("D9", grant(uses=0x33))
    c.case("a deposit is tried again to the window's last second")
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("wait", 99)
    c.deposit("OK")
    c.case("a deposit is not tried again when the window is over")
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("wait", 100)
    c.do("is", D, "vacant")
    c.deposit("D9")
    c.case("a running intent keeps a window's end away, and takes no deposit")
    c.deposit("OK")
    c.do("wait", 90)
    c.deposit("OK")
    c.do("wait", 15)
    c.do("is", D, "loading")
    c.deposit("D9")
    c.do("wait", 4)
    c.do("is", D, "loading")
    c.do("wait", 1)
    c.do("is", D, "vacant")
    c.case("three doors at once may be open to couriers")
    for door in (1, 2, 3):
        c.deposit("OK", grant(door=door, release=OTHER + door), door=door)
    c.deposit("D10")
    c.case("the door itself is not counted against it")
    for door in (1, 2, 3):
        c.deposit("OK", grant(door=door, release=OTHER + door), door=door)
    c.deposit("OK", grant(door=3, release=OTHER + 3), door=3)
    c.case("a disk that failed takes no deposit")
    c.do("disk-fails")
    c.deposit("D11")
    c.case("a deposit's challenge is spent")
    c.deposit("OK")
    c.do("deposit", grant(), proof(KIND_DEPOSIT, COURIER), "P5")


# ---- Proofs -----------------------------------------------------------------

def proof_rules(c):
    """P1 to P10."""
    whole = proof(RELEASE, RECIPIENT)
    for name, answer, p in (
            ("as it should be", "OK", whole),
            ("of a byte more", "P1", whole + b"\0"),
            ("of a byte less", "P1", whole[:-1]),
            ("of nothing", "P1", b""),
            ("of another magic", "P1",
             proof(RELEASE, RECIPIENT, patch={3: b"2"})),
            ("of another version", "P1",
             proof(RELEASE, RECIPIENT, patch={4: b"\2"})),
            ("of kind 0", "P1", proof(0, RECIPIENT)),
            ("of kind 3 alone", "P1", proof(KIND_DEPOSIT, COURIER)),
            ("of kind 6", "P1", proof(6, RECIPIENT)),
            ("for another cabinet", "P2",
             proof(RELEASE, RECIPIENT, cabinet=OTHER_CABINET)),
            ("for no door", "P2", proof(RELEASE, RECIPIENT, door=DOORS)),
            ("for a stay to come", "P4", proof(RELEASE, RECIPIENT, number=2)),
            ("for a stay of another epoch", "P4",
             proof(RELEASE, RECIPIENT, stay=stay(1, EPOCH - 1))),
            ("of another question", "P5", proof(RELEASE, RECIPIENT, q=Q2)),
            ("by the courier", "P6", proof(RELEASE, COURIER)),
            ("with a changed signature", "P6", whole[:-1] + b"\0"),
            ("of a return by the recipient", "P6", proof(RETURN, RECIPIENT)),
            ("of a return by its key", "OK", proof(RETURN, RETURNS)),
            ("of a release by the return key", "P6", proof(RELEASE,
                                                           RETURNS))):
        c.case(f"a proof {name}")
        c.occupied(D, RECIPIENT, 1, "return", key(RETURNS), 0)
        c.ask(D)
        c.do("proof", p, answer)
    c.case("a zero key signs nothing")
    c.occupied()
    c.ask(D)
    c.do("proof", proof(RETURN, OTHER)[:48] + NEUTRAL + ZERO, "P6")
    c.case("a proof for a blocked door")
    c.occupied(D, RECIPIENT, 1, "blocked")
    c.proof("P3")
    c.case("a proof while the board is away")
    c.occupied()
    c.do("away", D)
    c.proof("P3")
    c.do("back", D)
    c.proof("OK")
    c.case("a proof for a vacant door")
    c.do("door", D, "vacant shut stay", stay(1))
    c.proof("P4")
    c.case("a release while loading")
    c.deposit("OK")
    c.proof("P4")
    c.case("a release while the leaf is unread")
    c.occupied()
    c.do("unread", D)
    c.proof("OK")
    c.case("a recipient's uses")
    c.occupied()
    for answer in ("OK", "OK", "P7"):
        c.proof(answer)
    c.case("never opened gives a recipient's use back and no more")
    c.occupied()
    c.proof("OK")
    c.do("never-opened", D)
    c.proof("OK")
    c.do("never-opened", D)
    c.proof("OK")
    c.proof("OK")
    c.do("unknown", D)
    c.proof("P7")
    c.case("never opened gives nothing back once the leaf was open")
    c.occupied()
    c.proof("OK")
    c.do("opens", D)
    c.do("never-opened", D)
    c.do("shuts", D)
    c.proof("OK")
    c.proof("P7")
    c.case("a courier's uses are one for deposit, reopening and cancel")
    c.deposit("OK")
    c.do("opens", D)
    c.do("shuts", D)
    c.proof("OK", REOPEN, COURIER)
    c.do("never-opened", D)
    c.proof("OK", REOPEN, COURIER)
    c.proof("OK", CANCEL, COURIER)
    c.do("never-opened", D)
    c.proof("OK", CANCEL, COURIER)
    c.proof("P7", CANCEL, COURIER)
    for kind, name in ((REOPEN, "reopening"), (CANCEL, "cancel")):
        c.case(f"a {name} to the window's last second")
        c.fill()
        c.do("wait", 97)
        c.proof("OK", kind, COURIER)
        c.case(f"a {name} after the window")
        c.fill()
        c.do("wait", 98)
        c.proof("P4", kind, COURIER)
        c.case(f"a {name} by the recipient")
        c.fill()
        c.proof("P6", kind, RECIPIENT)
        c.case(f"a {name} of a parcel that is being taken out")
        c.fill()
        c.proof("OK")
        c.do("opens", D)
        c.do("is", D, "emptying")
        c.proof("P4", kind, COURIER)
    c.case("a return at its time and no sooner")
    c.fill(back=RETURNS, after=60)
    c.do("wait", 57)
    c.proof("P7", RETURN, RETURNS)
    c.do("wait", 1)
    c.proof("OK", RETURN, RETURNS)
    c.case("a return's time is powered time of the deposit, over a restart")
    c.fill(back=RETURNS, after=60)
    c.do("wait", 30)
    c.do("restart")
    c.do("wait", 27)
    c.proof("P7", RETURN, RETURNS)
    c.do("wait", 1)
    c.proof("OK", RETURN, RETURNS)
    c.case("returns spend no use")
    c.occupied(D, RECIPIENT, 1, "return", key(RETURNS), 0)
    for _ in range(3):
        c.proof("OK", RETURN, RETURNS)
    c.proof("P8", RETURN, RETURNS)
    c.case("a frozen stay opens to nobody")
    thief = KEYS[:3] + [entry(2, NEXT_ISSUER), entry(5, ISSUER, EPOCH)] \
        + KEYS[4:7]
    c.fill()
    c.do("manifest", manifest(keys=thief, epoch=EPOCH + 1), "OK")
    c.proof("P4")
    c.proof("P4", REOPEN, COURIER)
    c.case("a stay of an epoch before the theft is not frozen")
    c.fill()
    later = KEYS[:3] + [entry(2, NEXT_ISSUER), entry(5, ISSUER, EPOCH + 1)] \
        + KEYS[4:7]
    c.do("manifest", manifest(keys=later, epoch=EPOCH + 1), "OK")
    c.proof("OK")
    c.case("what was frozen stays so when the key is forgotten")
    c.fill()
    c.do("manifest", manifest(keys=thief, epoch=EPOCH + 1), "OK")
    c.do("manifest", manifest(3, epoch=EPOCH + 1), "OK")
    c.proof("P4")
    c.do("restart")
    c.proof("P4")
    c.case("a stay of another issuer is not frozen")
    c.occupied(D, RECIPIENT, 1, "issuer", key(OTHER)[:8])
    c.do("manifest", manifest(keys=thief, epoch=EPOCH + 1), "OK")
    c.proof("OK")
    c.case("two doors at once may be open to recipients")
    for door in (1, 2, D):
        c.occupied(door, OTHER + door)
    c.proof("OK", signer=OTHER + 1, door=1)
    c.proof("OK", signer=OTHER + 2, door=2)
    c.proof("P9", signer=OTHER + D)
    c.proof("OK", signer=OTHER + 2, door=2)
    c.case("couriers and recipients are counted apart")
    for door in (1, 2):
        c.occupied(door, OTHER + door)
        c.proof("OK", signer=OTHER + door, door=door)
    c.deposit("OK")
    c.case("a reopening from loading is counted with the deposits")
    for door in (1, 2, 3):
        c.deposit("OK", grant(door=door, release=OTHER + door), door=door)
    c.do("wait", 20)
    c.deposit("OK")
    for door in (1, 2, 3):
        c.deposit("OK" if door < 3 else "D10",
                  grant(door=door, release=OTHER + door), door=door)
    c.proof("D10", REOPEN, COURIER, door=3)
    c.case("a disk that failed lets nobody in")
    c.occupied()
    c.do("disk-fails")
    c.proof("P10")
    c.case("one question of a door is none of another")
    c.occupied(6, OTHER)
    c.occupied()
    c.ask(6)
    c.do("proof", proof(RELEASE, RECIPIENT), "P5")
    c.case("a refusal spends no question and an open does")
    c.occupied()
    c.ask(D)
    c.do("proof", proof(RELEASE, OTHER), "P6")
    c.do("proof", whole, "OK")
    c.do("proof", whole, "P5")
    c.case("a restart forgets questions")
    c.occupied()
    c.ask(D)
    c.do("restart")
    c.do("proof", whole, "P5")


def challenges(c):
    """How long they live, and which one is given."""
    c.case("a question lives for less than its time")
    c.occupied()
    c.ask(D)
    c.do("wait", 49)
    c.do("proof", proof(RELEASE, RECIPIENT), "OK")
    c.case("a question that is old enough is dead")
    c.occupied()
    c.ask(D)
    c.do("wait", 50)
    c.do("proof", proof(RELEASE, RECIPIENT), "P5")
    c.case("in its first half the same question is given again")
    c.do("asks", D, "proof", Q, Q)
    c.do("wait", 24)
    c.do("asks", D, "proof", Q2, Q)
    c.do("wait", 1)
    c.do("asks", D, "proof", Q2, Q2)
    c.case("in its second half a new one is given and the old one lives on")
    c.occupied()
    c.do("asks", D, "proof", Q, Q)
    c.do("wait", 30)
    c.do("asks", D, "proof", Q2, Q2)
    c.do("wait", 19)
    c.do("proof", proof(RELEASE, RECIPIENT, q=Q3), "P5")
    c.do("proof", proof(RELEASE, RECIPIENT), "OK")
    c.do("proof", proof(RELEASE, RECIPIENT), "P5")
    c.do("proof", proof(RELEASE, RECIPIENT, q=Q2), "OK")
    c.case("the older question dies at its own age")
    c.occupied()
    c.do("asks", D, "proof", Q, Q)
    c.do("wait", 30)
    c.do("asks", D, "proof", Q2, Q2)
    c.do("wait", 20)
    c.do("proof", proof(RELEASE, RECIPIENT), "P5")
    c.do("proof", proof(RELEASE, RECIPIENT, q=Q2), "OK")
    c.case("a question too old to give again is not kept beside the new one")
    c.occupied()
    c.do("asks", D, "proof", Q, Q)
    c.do("wait", 60)
    c.do("asks", D, "proof", Q2, Q2)
    c.do("proof", proof(RELEASE, RECIPIENT), "P5")
    c.case("a third question pushes the first out")
    c.occupied()
    c.do("asks", D, "proof", Q, Q)
    c.do("wait", 25)
    c.do("asks", D, "proof", Q2, Q2)
    c.do("wait", 24)
    c.do("asks", D, "proof", Q3, Q2)
    c.do("proof", proof(RELEASE, RECIPIENT), "OK")
    c.do("wait", 1)
    c.do("asks", D, "proof", Q3, Q3)
    c.do("proof", proof(RELEASE, RECIPIENT, q=Q2), "OK")
    c.case("questions for service live by their own time")
    c.do("asks", D, "service", Q, Q)
    c.do("wait", 34)
    c.do("asks", D, "service", Q2, Q)
    c.do("wait", 1)
    c.do("asks", D, "service", Q2, Q2)
    c.do("wait", 34)
    c.do("order", order(CLEAR), "OK")
    c.case("a question for service that is old enough is dead")
    c.do("asks", D, "service", Q, Q)
    c.do("wait", 70)
    c.do("order", order(CLEAR), "S5")
    c.case("a question for service is none for a proof")
    c.occupied()
    c.do("asks", D, "service", Q, Q)
    c.do("proof", proof(RELEASE, RECIPIENT), "P5")
    c.do("order", order(OPEN), "OK")
    c.case("a question for a proof is none for service")
    c.do("asks", D, "proof", Q, Q)
    c.do("order", order(OPEN), "S5")


# ---- Buckets and counting ---------------------------------------------------

def buckets(c):
    """Tokens, how fast they come, and who takes them."""
    doors = list(range(1, 8))
    c.case("releases take a burst of five, then one every hour's seventh")
    for door in doors:
        c.occupied(door, OTHER + door)
    for door in doors[:5]:
        c.proof("OK", signer=OTHER + door, door=door)
        c.do("never-opened", door)
    c.proof("P8", signer=OTHER + 6, door=6)
    c.do("wait", TOKEN_S["release"] - 1)
    c.proof("P8", signer=OTHER + 6, door=6)
    c.do("wait", 1)
    c.proof("OK", signer=OTHER + 6, door=6)
    c.do("never-opened", 6)
    c.proof("P8", signer=OTHER + 7, door=7)
    c.case("a bucket is not fuller than its burst however long it waits")
    for door in doors:
        c.occupied(door, OTHER + door)
    c.do("wait", 20000)
    for door in doors[:5]:
        c.proof("OK", signer=OTHER + door, door=door)
        c.do("never-opened", door)
    c.proof("P8", signer=OTHER + 6, door=6)
    c.case("a bucket that is nearly full becomes full")
    for door in doors:
        c.occupied(door, OTHER + door)
    c.proof("OK", signer=OTHER + 1, door=1)
    c.do("never-opened", 1)
    c.do("wait", 2 * TOKEN_S["release"])
    for door in doors[:5]:
        c.proof("OK", signer=OTHER + door, door=door)
        c.do("never-opened", door)
    c.proof("P8", signer=OTHER + 6, door=6)
    c.case("a restart fills no bucket")
    for door in doors:
        c.occupied(door, OTHER + door)
    for door in doors[:5]:
        c.proof("OK", signer=OTHER + door, door=door)
        c.do("never-opened", door)
    c.do("restart")
    c.proof("P8", signer=OTHER + 6, door=6)
    c.case("courier and return take no token of releases")
    for door in doors[:6]:
        c.occupied(door, OTHER + door, 1, "return", key(RETURNS), 0)
    for door in doors[:5]:
        c.proof("OK", signer=OTHER + door, door=door)
        c.do("never-opened", door)
    c.proof("OK", RETURN, RETURNS, door=6)
    c.deposit("OK", door=12)
    c.proof("OK", REOPEN, COURIER, door=12)
    c.case("returns take a burst of three, then one in 15 minutes")
    for door in doors:
        c.occupied(door, OTHER + door, 1, "return", key(RETURNS), 0)
    for door in doors[:3]:
        c.proof("OK", RETURN, RETURNS, door=door)
        c.do("never-opened", door)
    c.proof("P8", RETURN, RETURNS, door=4)
    c.do("wait", TOKEN_S["return"] - 1)
    c.proof("P8", RETURN, RETURNS, door=4)
    c.do("wait", 1)
    c.proof("OK", RETURN, RETURNS, door=4)
    c.case("service opens take a burst of four, then one in ten minutes")
    for number in range(1, 5):
        c.order("OK", OPEN, number)
        c.do("never-opened", D)
    c.order("S7", OPEN, 5)
    c.order("OK", BLOCK, 6)
    c.order("OK", UNBLOCK, 7)
    c.do("wait", TOKEN_S["service"] - 1)
    c.order("S7", OPEN, 8)
    c.do("wait", 1)
    c.order("OK", OPEN, 8)
    c.case("a manifest cuts a bucket and fills none")
    for door in doors:
        c.occupied(door, OTHER + door)
    c.do("manifest", manifest(burst=2), "OK")
    for door in doors[:2]:
        c.proof("OK", signer=OTHER + door, door=door)
        c.do("never-opened", door)
    c.proof("P8", signer=OTHER + 3, door=3)
    c.do("manifest", manifest(3, burst=9), "OK")
    c.proof("P8", signer=OTHER + 3, door=3)
    c.case("a manifest cuts the bucket of returns alone")
    c.occupied(1, OTHER + 1, 1, "return", key(RETURNS), 0)
    c.do("manifest", manifest(return_burst=1), "OK")
    c.proof("OK", RETURN, RETURNS, door=1)
    c.proof("P8", RETURN, RETURNS, door=1)
    c.proof("OK", signer=OTHER + 1, door=1)
    c.case("one token an hour comes in an hour")
    c.do("manifest", manifest(service_burst=1, service_per_hour=1), "OK")
    c.order("OK", OPEN)
    c.order("S7", OPEN, 2)
    c.do("wait", 3599)
    c.order("S7", OPEN, 2, until=NOW + 9000)
    c.do("wait", 1)
    c.order("OK", OPEN, 2, until=NOW + 9000)
    c.case("a manifest without returns")
    c.occupied(1, OTHER + 1, 1, "return", key(RETURNS), 0)
    c.do("manifest", manifest(return_burst=0, return_per_hour=0), "OK")
    c.proof("P8", RETURN, RETURNS, door=1)
    c.do("wait", 90000)
    c.proof("P8", RETURN, RETURNS, door=1)


def counting(c):
    """Which doors count as open."""
    def others(answer):
        """One more, beside door 1 and one that stays open."""
        c.proof(answer, signer=OTHER + 3, door=3)

    def begin(name):
        c.case(name)
        for door in (1, 2, 3):
            c.occupied(door, OTHER + door)
        c.proof("OK", signer=OTHER + 2, door=2)
        c.do("opens", 2)
        c.proof("OK", signer=OTHER + 1, door=1)

    begin("a door counts from its intent")
    others("P9")
    begin("a door counts no more when it never opened")
    c.do("never-opened", 1)
    others("OK")
    begin("a door counts on when its result is unknown")
    c.do("unknown", 1)
    others("P9")
    begin("a door never seen open counts for 20 seconds")
    c.do("wait", 19)
    others("P9")
    c.do("wait", 1)
    others("OK")
    begin("a door counts until it is shut")
    c.do("opens", 1)
    c.do("wait", 40)
    others("P9")
    c.do("shuts", 1)
    others("OK")
    begin("a door that stands open counts until the hold after its alarm")
    c.do("wait", 10)
    c.do("opens", 1)
    c.do("wait", 74)
    c.do("shuts", 2)
    c.do("opens", 2)
    c.proof("OK", signer=OTHER + 2, door=2)
    others("P9")
    c.do("wait", 1)
    others("OK")
    begin("a door that opens after its life counts no more")
    c.do("wait", 20)
    c.do("opens", 1)
    others("OK")
    begin("a door counts over a restart")
    c.do("opens", 1)
    c.do("restart")
    others("P9")
    c.do("shuts", 1)
    others("OK")
    begin("a restart leaves an intent without result to count its time")
    c.do("restart")
    others("P9")
    c.do("wait", 20)
    others("OK")
    c.case("a new intent takes the count over")
    for door in (1, 2, 3):
        c.occupied(door, OTHER + door)
    c.proof("OK", signer=OTHER + 1, door=1)
    c.do("wait", 15)
    c.proof("OK", signer=OTHER + 1, door=1)
    c.proof("OK", signer=OTHER + 2, door=2)
    c.do("wait", 15)
    others("P9")
    c.do("wait", 5)
    others("OK")
    c.case("service opens count, and no count limits them")
    for door in (1, 2, 3):
        c.occupied(door, OTHER + door)
    c.order("OK", OPEN, 1, door=1)
    c.order("OK", OPEN, 2, door=2)
    c.order("OK", OPEN, 3, door=4)
    others("P9")
    c.case("a service open of a vacant door counts with the deposits")
    for number, door in ((1, 1), (2, 2), (3, 3)):
        c.order("OK", OPEN, number, door=door)
    c.deposit("D10")
    c.case("an emptying door that opens again counts as occupied")
    for door in (1, 2, 3):
        c.occupied(door, OTHER + door)
    c.proof("OK", signer=OTHER + 1, door=1)
    c.do("opens", 1)
    c.do("shuts", 1)
    c.do("is", 1, "emptying")
    c.proof("OK", signer=OTHER + 1, door=1)
    c.proof("OK", signer=OTHER + 2, door=2)
    others("P9")
    c.case("a leaf that stands open at its intent counts from the intent")
    for door in (1, 2, 3):
        c.occupied(door, OTHER + door)
    c.do("door", 1, "occupied open stay", stay(1), "courier", key(COURIER),
         "release", key(OTHER + 1))
    c.proof("OK", signer=OTHER + 1, door=1)
    c.do("is", 1, "emptying")
    c.proof("OK", signer=OTHER + 2, door=2)
    c.do("opens", 2)
    c.do("wait", 74)
    others("P9")
    c.do("wait", 1)
    others("OK")


# ---- Seals and codes --------------------------------------------------------

def seals(c):
    """L1 to L3."""
    for name, answer, patch in (
            ("as it should be", "OK", {}),
            ("of another magic", "L1", {2: b"Y"}),
            ("of another version", "L1", {4: b"\2"}),
            ("of another function", "L1", {5: b"\2"}),
            ("whose zero is not", "L1", {6: b"\1"}),
            ("whose second zero is not", "L1", {7: b"\1"}),
            ("of no passes", "L1", {8: struct.pack("<I", 0)}),
            ("of ten passes", "OK", {8: struct.pack("<I", 10)}),
            ("of eleven passes", "L1", {8: struct.pack("<I", 11)}),
            ("of seven KiB", "L1", {12: struct.pack("<I", 7)}),
            ("of two passes over 256 MiB", "OK",
             {8: struct.pack("<II", 2, 262144)}),
            ("of three passes over 256 MiB", "L1",
             {8: struct.pack("<II", 3, 262144)}),
            ("of two passes and a KiB too much", "L1",
             {8: struct.pack("<II", 2, 262145)}),
            ("of three passes and the most that leaves", "OK",
             {8: struct.pack("<II", 3, 174762)}),
            ("of three passes and a KiB more", "L1",
             {8: struct.pack("<II", 3, 174763)}),
            ("of one pass and a KiB too much", "L1",
             {12: struct.pack("<I", 262145)})):
        c.case(f"a seal {name}")
        c.occupied()
        c.do("seal", D, seal(b"K7QW2M", patch=patch), answer)
    c.case("a seal of a byte more or less")
    c.occupied()
    c.do("seal", D, seal(b"K7QW2M") + b"\0", "L1")
    c.do("seal", D, seal(b"K7QW2M")[:-1], "L1")
    c.case("a seal for no door")
    c.do("seal", DOORS, seal(b"K7QW2M"), "L2")
    c.case("a seal for a vacant door")
    c.do("seal", D, seal(b"K7QW2M"), "L2")
    c.case("a seal for a door that loads")
    c.deposit("OK")
    c.do("seal", D, seal(b"K7QW2M"), "OK")
    c.case("a seal for a visit")
    c.deposit("OK", grant(release=ZERO))
    c.do("seal", D, seal(b"K7QW2M"), "L2")
    c.case("a seal for a door that is emptied")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("seal", D, seal(b"K7QW2M"), "L2")
    c.case("two seals and no third, each of them again")
    c.occupied()
    c.do("seal", D, seal(b"K7QW2M"), "OK")
    c.do("seal", D, seal(b"K7QW2M"), "OK")
    c.do("seal", D, seal(b"ABCDEF", mark=1), "OK")
    c.do("seal", D, seal(b"GHJKMN", mark=2), "L3")
    c.do("seal", D, seal(b"ABCDEF", mark=1), "OK")
    c.do("restart")
    c.do("seal", D, seal(b"K7QW2M"), "OK")
    c.do("seal", D, seal(b"GHJKMN", mark=2), "L3")
    c.case("a disk that failed takes no seal")
    c.occupied()
    c.do("disk-fails")
    c.do("seal", D, seal(b"K7QW2M"), "L3")
    c.case("the next stay has two seals of its own")
    c.occupied()
    c.do("seal", D, seal(b"K7QW2M"), "OK")
    c.do("seal", D, seal(b"ABCDEF", mark=1), "OK")
    c.order("OK", CLEAR)
    c.deposit("OK", number=2)
    c.do("seal", D, seal(b"GHJKMN", mark=2, number=2), "OK")


def codes(c):
    """C1 to C4."""
    def begin(name, secret=b"K7QW2M", *more):
        c.case(name)
        c.occupied(D, RECIPIENT, 1, *more)
        c.do("seal", D, seal(secret), "OK")

    for name, text, answer in (
            ("as it should be", "05K7QW2M", "OK"),
            ("in small letters and with dashes", "-05-k7q-w2m-", "OK"),
            ("that is wrong", "05K7QW2N", "C4"),
            ("too short by a letter", "05K7QW2", "C1"),
            ("of its door alone", "05", "C1"),
            ("of another door", "06K7QW2M", "C1"),
            ("of no door", "0MK7QW2M", "C1"),
            ("with a letter that is none", "05K7QWUM", "C1"),
            ("with one at its end", "05K7QW2MU", "C1")):
        begin(f"a code {name}")
        c.do("code", text, answer)
    c.case("a code with look-alikes")
    c.do("door", 1, "occupied shut stay", stay(1), "courier", key(COURIER),
         "release", key(RECIPIENT))
    c.do("seal", 1, seal(b"110010", door=1), "OK")
    c.do("code", "oLilOo1o", "OK")
    begin("a code of digits", b"1234567890")
    c.do("digits", "005-123456789", "C1")
    c.do("digits", "005-1234567891", "C4")
    c.do("digits", "005-123456789O", "C1")
    c.do("digits", "0051234567890", "OK")
    c.case("codes name doors by all of their first characters")
    c.do("door", 37, "occupied shut stay", stay(1), "courier", key(COURIER),
         "release", key(RECIPIENT))
    c.do("seal", 37, seal(b"1234567890", door=37), "OK")
    c.do("code", "151234567890", "OK")
    c.do("digits", "0371234567890", "OK")
    begin("a code of twelve letters has 60 bits", b"ABCDEFGHJKMN")
    c.do("manifest", manifest(bits=61), "OK")
    c.do("code", "05ABCDEFGHJKMN", "C1")
    c.do("manifest", manifest(3, bits=60), "OK")
    c.do("code", "05ABCDEFGHJKMN", "OK")
    begin("a code of digits has 3.3 bits for each", b"1234567890")
    c.do("manifest", manifest(bits=34), "OK")
    c.do("digits", "0051234567890", "C1")
    c.do("manifest", manifest(3, bits=33), "OK")
    c.do("digits", "0051234567890", "OK")
    begin("a code of 32 letters", b"ABCDEFGHABCDEFGHABCDEFGHABCDEFGH")
    c.do("code", "05ABCDEFGHABCDEFGHABCDEFGHABCDEFGHA", "C1")
    c.do("code", "05ABCDEFGHABCDEFGHABCDEFGHABCDEFGH", "OK")
    begin("a code of 80 characters as typed, and of 81")
    c.do("code", "05" + "-" * 73 + "K7QW2M", "C1")
    c.do("code", "05" + "-" * 72 + "K7QW2M", "OK")
    c.case("a code for a door without a seal")
    c.occupied()
    c.do("code", "05K7QW2M", "C1")
    c.case("a code for a door that loads")
    c.deposit("OK")
    c.do("seal", D, seal(b"K7QW2M"), "OK")
    c.do("code", "05K7QW2M", "C1")
    c.case("a code for a door that is emptied")
    c.fill()
    c.do("seal", D, seal(b"K7QW2M"), "OK")
    c.proof("OK")
    c.do("opens", D)
    c.do("shuts", D)
    c.do("code", "05K7QW2M", "OK")
    c.case("a seal of another's key opens nothing")
    c.occupied()
    c.do("seal", D, seal(b"K7QW2M", person=OTHER), "OK")
    c.do("code", "05K7QW2M", "C4")
    c.case("a seal made for another door or stay opens nothing")
    c.occupied()
    c.do("seal", D, seal(b"K7QW2M", door=6), "OK")
    c.do("seal", D, seal(b"K7QW2M", number=2, mark=1), "OK")
    c.do("code", "05K7QW2M", "C4")
    begin("the second seal's code is as good as the first's")
    c.do("seal", D, seal(b"ABCDEF", mark=1), "OK")
    c.do("code", "05ABCDEF", "OK")
    c.do("code", "05K7QW2M", "OK")
    begin("a code behind a blocked door", b"K7QW2M", "blocked")
    c.do("code", "05K7QW2M", "P3")
    begin("a code while the board is away")
    c.do("away", D)
    c.do("code", "05K7QW2M", "P3")
    begin("a code spends the recipient's uses")
    c.do("code", "05K7QW2M", "OK")
    c.do("never-opened", D)
    c.do("code", "05K7QW2M", "OK")
    c.do("code", "05K7QW2M", "OK")
    c.do("code", "05K7QW2M", "P7")
    begin("a code takes a token, and costs no try without one")
    for door in range(10, 15):
        c.occupied(door, OTHER + door)
        c.proof("OK", signer=OTHER + door, door=door)
        c.do("never-opened", door)
    for _ in range(6):
        c.do("code", "05K7QW2N", "P8")
    c.do("wait", TOKEN_S["release"])
    c.do("code", "05K7QW2M", "OK")
    begin("a code is counted with the doors that are open")
    for door in (1, 2):
        c.occupied(door, OTHER + door)
        c.proof("OK", signer=OTHER + door, door=door)
    c.do("code", "05K7QW2M", "P9")
    begin("a code of a frozen stay", b"K7QW2M", "issuer", key(ISSUER)[:8])
    thief = KEYS[:3] + [entry(2, NEXT_ISSUER), entry(5, ISSUER, EPOCH)] \
        + KEYS[4:7]
    c.do("manifest", manifest(keys=thief, epoch=EPOCH + 1), "OK")
    c.do("code", "05K7QW2M", "P4")
    begin("the cabinet's tries are for the hour, a stay's first is free")
    c.do("code", "05K7QW2N", "C4")   # free
    for _ in range(3):
        c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2M", "C2")
    c.occupied(6, OTHER)
    c.do("seal", 6, seal(b"ABCDEF", OTHER, 6), "OK")
    c.do("code", "06ABCDEG", "C4")   # free for that stay
    c.do("code", "06ABCDEG", "C2")
    c.do("wait", 3599)
    c.do("code", "05K7QW2M", "C2")
    c.do("wait", 1)
    c.do("code", "05K7QW2M", "OK")
    begin("a stay's tries are for the day")
    c.do("code", "05K7QW2N", "C4")
    c.do("wait", 3600)
    for _ in range(4):
        c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2M", "C2")
    c.do("wait", 86400 - 3601)
    c.do("code", "05K7QW2M", "C2")
    c.do("wait", 1)
    c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2M", "C2")
    begin("tries outlast a restart")
    c.do("code", "05K7QW2N", "C4")
    for _ in range(3):
        c.do("code", "05K7QW2N", "C4")
    c.do("restart")
    c.do("code", "05K7QW2M", "C2")
    c.do("wait", 3600)
    c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2M", "C2")
    begin("a right code gives its stay's tries back, and no more than those")
    for _ in range(3):
        c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2M", "OK")
    c.do("never-opened", D)
    c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2N", "C2")
    c.do("wait", 3600)
    for _ in range(4):
        c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2N", "C2")
    begin("a try that is not yet an hour old is no first one")
    c.do("code", "05K7QW2N", "C4")
    c.do("wait", 3599)
    for _ in range(3):
        c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2N", "C2")
    begin("tries go on while the parcel is taken out")
    for _ in range(4):
        c.do("code", "05K7QW2N", "C4")
    c.proof("OK")
    c.do("opens", D)
    c.do("is", D, "emptying")
    c.do("shuts", D)
    c.do("code", "05K7QW2M", "C2")
    begin("a stay's tries end with it")
    for _ in range(4):
        c.do("code", "05K7QW2N", "C4")
    c.order("OK", CLEAR)
    c.do("wait", 3600)
    c.deposit("OK", grant(valid=7200, stay=stay(2)),
              proof(KIND_DEPOSIT, COURIER, number=2))
    c.do("opens", D)
    c.do("shuts", D)
    c.do("seal", D, seal(b"K7QW2M", number=2), "OK")
    for _ in range(4):
        c.do("code", "05K7QW2N", "C4")
    c.do("code", "05K7QW2M", "C2")
    begin("no tries at all when the manifest gives none")
    c.do("manifest", manifest(tries=0), "OK")
    c.do("code", "05K7QW2M", "C2")
    begin("a disk that failed takes no try")
    c.do("disk-fails")
    c.do("code", "05K7QW2M", "C3")


# ---- Orders -----------------------------------------------------------------

def orders(c):
    """S1 to S8."""
    def row(name, answer, bytes_):
        c.case(f"an order {name}")
        c.occupied()
        c.ask(D)
        c.do("order", bytes_, answer)

    swapped = order(CLEAR)
    swapped = swapped[:64] + swapped[136:] + swapped[64:136]
    for name, answer, o in (
            ("as it should be", "OK", order(CLEAR)),
            ("of a byte more", "S1", order(CLEAR) + b"\0"),
            ("of a byte less", "S1", order(CLEAR)[:-1]),
            ("of nothing", "S1", b""),
            ("of another magic", "S1", order(CLEAR, patch={0: b"X"})),
            ("of another version", "S1", order(CLEAR, patch={4: b"\2"})),
            ("of action 0", "S1", order(0)),
            ("of action 5", "S1", order(5)),
            ("whose zero is not", "S1", order(CLEAR, patch={60: b"\1"})),
            ("whose last zero is not", "S1", order(CLEAR, patch={63: b"\1"})),
            ("with its signers the other way", "S1", swapped),
            ("signed by one person twice", "S1",
             order(CLEAR, signers=(OPS, OPS))),
            ("by two of operations", "S2", order(CLEAR,
                                                 signers=(OPS, OPS_2))),
            ("by operations and a root", "S2",
             order(CLEAR, signers=(OPS, ROOT_A))),
            ("by security and a stranger", "S2",
             order(CLEAR, signers=(SEC, OTHER))),
            ("by the other of operations and security", "OK",
             order(CLEAR, signers=(OPS_2, SEC))),
            ("whose first signature is spoilt", "S2",
             patched(order(CLEAR), {72: b"\0" * 8})),
            ("whose second signature is spoilt", "S2",
             patched(order(CLEAR), {144: b"\0" * 8})),
            ("for another cabinet", "S3", order(CLEAR,
                                                cabinet=OTHER_CABINET)),
            ("for no door", "S3", order(CLEAR, door=DOORS)),
            ("of the epoch before", "S3",
             order(CLEAR, number=stay(1, EPOCH - 1))),
            ("of the epoch after", "S3",
             order(CLEAR, number=stay(1, EPOCH + 1))),
            ("up to now", "OK", order(CLEAR, until=NOW)),
            ("up to a second ago", "S4", order(CLEAR, until=NOW - 1)),
            ("of another question", "S5", order(CLEAR, q=Q2)),
            ("of number 0", "OK", order(CLEAR, 0))):
        row(name, answer, o)
    twice = order(CLEAR, signers=(OPS, OPS))
    row("by one person twice, with another signature", "S1",
        twice[:72 + 64 + 8] + b"\xff" * 64)
    c.case("an order's number is above every one before")
    c.order("OK", BLOCK, 5)
    c.order("S6", UNBLOCK, 5)
    c.order("S6", UNBLOCK, 4)
    c.order("OK", UNBLOCK, 6)
    c.order("OK", OPEN, 7)
    c.order("S6", CLEAR, 7)
    c.do("restart")
    c.do("time", NOW, "untrusted")
    c.order("S6", CLEAR, 7)
    c.order("OK", CLEAR, 8)
    c.case("a blocked door opens to service, and its block stays")
    c.occupied(D, RECIPIENT, 1, "blocked")
    c.order("OK", OPEN, 1)
    c.proof("P3")
    c.order("OK", UNBLOCK, 2)
    c.proof("OK")
    c.case("clear leaves a door blocked, and its last stay")
    c.occupied(D, RECIPIENT, 3, "blocked")
    c.order("OK", CLEAR)
    c.do("is", D, "vacant")
    c.deposit("D8", number=4)
    c.order("OK", UNBLOCK, 2)
    c.deposit("D9", number=3)
    c.deposit("OK", number=4)
    c.case("block stops what block should, over a restart")
    c.occupied()
    c.order("OK", BLOCK)
    c.proof("P3")
    c.do("restart")
    c.proof("P3")
    c.case("a service open moves no custody")
    c.occupied()
    c.order("OK", OPEN)
    c.do("opens", D)
    c.do("wait", 5)
    c.do("shuts", D)
    c.do("is", D, "occupied")
    c.case("an order to open needs the board, others do not")
    c.occupied()
    c.do("away", D)
    c.order("S3", OPEN)
    c.order("OK", BLOCK)
    c.order("OK", UNBLOCK, 2)
    c.order("OK", CLEAR, 3)
    c.case("an order's question is spent by open and by others")
    c.order("OK", OPEN)
    c.do("order", order(OPEN, 2), "S5")
    c.order("OK", BLOCK, 3)
    c.do("order", order(BLOCK, 4), "S5")
    c.case("a disk that failed takes no order")
    c.do("disk-fails")
    c.order("S8", CLEAR)


# ---- Manifests --------------------------------------------------------------

def manifests(c):
    """M1 to M7."""
    def row(name, answer, m):
        c.case(f"a manifest {name}")
        c.do("manifest", m, answer)

    roots, rest = KEYS[:3], KEYS[3:]
    for name, answer, m in (
            ("as it should be", "OK", manifest()),
            ("of another magic", "M1", manifest(patch={0: b"X"})),
            ("of another version", "M1", manifest(patch={4: b"\2"})),
            ("whose zero is not", "M1", manifest(patch={7: b"\1"})),
            ("whose limits' zero is not", "M1", manifest(patch={63: b"\1"})),
            ("of a byte more", "M1", manifest() + b"\0"),
            ("of a byte less", "M1", manifest()[:-1]),
            ("of nothing", "M1", b""),
            ("of a head alone", "M1", manifest()[:63]),
            ("without keys", "M1", manifest(keys=[])),
            ("of 17 keys", "M1",
             manifest(keys=KEYS + [entry(3, 30 + i) for i in range(9)])),
            ("of 16 keys", "OK",
             manifest(keys=KEYS + [entry(3, 30 + i) for i in range(8)])),
            ("with one signature", "M1", manifest(signers=(ROOT_A,))),
            ("with three signatures", "OK",
             manifest(signers=(ROOT_A, ROOT_B, ROOT_C))),
            ("with a key whose zero is not", "M1",
             manifest(patch={65: b"\1"})),
            ("with a root of a region", "M1",
             manifest(keys=[entry(1, ROOT_A, first=1)] + KEYS[1:])),
            ("with a root of regions up to one", "M1",
             manifest(keys=[entry(1, ROOT_A, last=9)] + KEYS[1:])),
            ("with a security key of an epoch", "M1",
             manifest(keys=roots + rest[:2] + [entry(4, SEC, 1)] + rest[3:])),
            ("with regions that end before they begin", "M1",
             manifest(keys=roots + [entry(2, ISSUER, first=4, last=3)]
                      + rest[1:])),
            ("of another operator", "M2", manifest(operator=b"x" * 16)),
            ("of its own number again", "M3", manifest(1)),
            ("of number 0", "M3", manifest(0)),
            ("as far on as may be", "OK", manifest(65537)),
            ("too far on", "M3", manifest(65538)),
            ("of the epoch before", "M3", manifest(epoch=EPOCH - 1)),
            ("of an epoch as far on as may be", "OK",
             manifest(epoch=EPOCH + 65536)),
            ("of an epoch too far on", "M3", manifest(epoch=EPOCH + 65537)),
            ("of the last moment of time", "OK", manifest(issued=2**36 - 1)),
            ("beyond the end of time", "M3", manifest(issued=2**36)),
            ("with a key of no role", "M4",
             manifest(keys=KEYS + [entry(0, OTHER)])),
            ("with a key of a role that there is not", "M4",
             manifest(keys=KEYS + [entry(77, OTHER)])),
            ("with a key twice", "M4", manifest(keys=KEYS + KEYS[:1])),
            ("with one key in two roles", "M4",
             manifest(keys=KEYS + [entry(3, ISSUER)])),
            ("with its last key twice", "M4", manifest(keys=KEYS + KEYS[-1:])),
            ("with a key that is no point", "M4",
             manifest(keys=KEYS + [entry(3, NO_POINT)])),
            ("with a key that is neutral", "M4",
             manifest(keys=KEYS + [entry(3, NEUTRAL)])),
            ("with a key not canonical", "M4",
             manifest(keys=KEYS + [entry(3, NOT_CANONICAL)])),
            ("with a threshold of one", "M4", manifest(threshold=1)),
            ("with a threshold of all", "OK",
             manifest(threshold=3, signers=(ROOT_A, ROOT_B, ROOT_C))),
            ("with a threshold beyond its roots", "M4",
             manifest(threshold=4)),
            ("without operations", "M4",
             manifest(keys=[k for k in KEYS if k[0] != 3])),
            ("with one of operations", "OK", manifest(keys=KEYS[:6])),
            ("without security", "M4",
             manifest(keys=[k for k in KEYS if k[0] != 4])),
            ("without issuers", "OK",
             manifest(keys=[k for k in KEYS if k[0] != 2])),
            ("by too few of the new roots", "M5", manifest(threshold=3)),
            ("by a stranger too", "M5",
             manifest(signers=(ROOT_A, ROOT_B, OTHER))),
            ("by a root and a stranger", "M5",
             manifest(signers=(ROOT_A, OTHER))),
            ("by a root and operations", "M5",
             manifest(signers=(ROOT_A, OPS))),
            ("whose first signature is spoilt", "M5",
             patched(manifest(), {64 + 48 * 8 + 8: b"\0" * 8})),
            ("whose second signature is spoilt", "M5",
             patched(manifest(), {64 + 48 * 8 + 80: b"\0" * 8})),
            ("with new roots that the old did not sign", "M5",
             manifest(keys=[entry(1, NEXT_ROOT), entry(1, OTHER)] + rest,
                      signers=(NEXT_ROOT, OTHER))),
            ("with new roots that did not sign", "M5",
             manifest(keys=[entry(1, NEXT_ROOT), entry(1, OTHER)] + rest)),
            ("with new roots that all signed", "OK",
             manifest(keys=[entry(1, NEXT_ROOT), entry(1, OTHER)] + rest,
                      signers=(NEXT_ROOT, OTHER, ROOT_A, ROOT_C))),
            ("with one root changed", "M5",
             manifest(keys=[entry(1, NEXT_ROOT)] + roots[1:] + rest,
                      signers=(NEXT_ROOT, ROOT_B)))):
        row(name, answer, m)
    m = manifest()
    row("with its signers the other way", "M5",
        m[:-144] + m[-72:] + m[-144:-72])
    row("with a signature twice", "M5", m[:-72] + m[-144:-72])
    for name, highest in (
            ("occupied", 255), ("vacant", 255), ("hold", 65535),
            ("burst", 255), ("per_hour", 255), ("service_burst", 255),
            ("service_per_hour", 255), ("window", 900), ("ajar", 65535),
            ("grant_hours", 65535), ("ttl", 65535), ("service_ttl", 65535)):
        row(f"whose limit {name} is none", "M6", manifest(**{name: 0}))
        row(f"whose limit {name} is one", "OK", manifest(**{name: 1}))
        row(f"whose limit {name} is {highest}", "OK",
            manifest(**{name: highest}))
    for name, value, answer in (
            ("window", 901, "M6"), ("bits", 18, "M6"), ("bits", 19, "OK"),
            ("tries", 16, "OK"), ("tries", 17, "M6"), ("tries", 0, "OK"),
            ("tries_per_hour", 0, "OK"), ("return_burst", 0, "OK"),
            ("return_per_hour", 0, "OK")):
        row(f"whose limit {name} is {value}", answer,
            manifest(**{name: value}))
    c.case("a disk that failed takes no manifest")
    c.do("disk-fails")
    c.do("manifest", manifest(), "M7")
    c.case("roots that were replaced sign no more")
    c.do("manifest", manifest(
        keys=[entry(1, NEXT_ROOT), entry(1, OTHER)] + rest,
        signers=(NEXT_ROOT, OTHER, ROOT_A, ROOT_C)), "OK")
    c.do("manifest", manifest(3), "M5")
    c.case("the next manifest is above the one in force")
    c.do("manifest", manifest(7), "OK")
    c.do("manifest", manifest(7), "M3")
    c.do("manifest", manifest(6), "M3")
    c.do("restart")
    c.do("manifest", manifest(7), "M3")
    c.do("manifest", manifest(8), "OK")
    c.case("a manifest of the next epoch ends the grants of this one")
    c.do("manifest", manifest(epoch=EPOCH + 1), "OK")
    c.do("time", NOW, "trusted")
    c.deposit("D5")
    c.case("a manifest ends trust in time")
    c.do("manifest", manifest(), "OK")
    c.deposit("OK", grant(**{"from": NOW + 50}))
    c.case("a manifest sets the floor, downwards too")
    c.do("time", NOW + 9000, "trusted")
    c.deposit("D6")
    c.do("manifest", manifest(), "OK")
    c.deposit("OK")
    c.case("a manifest sets the floor upwards")
    c.do("manifest", manifest(issued=NOW + 3601), "OK")
    c.deposit("D6")
    c.do("restart")
    c.deposit("D6")
    c.case("a manifest's floor is the last second that is good")
    c.do("manifest", manifest(issued=NOW + 3600), "OK")
    c.deposit("OK")


def amendments(c):
    """K1 to K8 of a cabinet in use."""
    the_map = blake(b"a map")

    def row(name, answer, o, doors=DOORS, fill=True):
        c.case(f"an amendment {name}")
        if fill:
            c.occupied()
        c.do("commission", o, the_map, doors, answer)

    o = commission(1)
    swapped = o[:112] + o[184:] + o[112:184]
    for name, answer, o in (
            ("as it should be", "OK", commission(1)),
            ("of a byte more", "K1", commission(1) + b"\0"),
            ("of a byte less", "K1", commission(1)[:-1]),
            ("of another magic", "K1", commission(1, patch={0: b"X"})),
            ("of another version", "K1", commission(1, patch={4: b"\2"})),
            ("of kind 2", "K1", commission(2)),
            ("of no doors", "K1", commission(1, doors=0)),
            ("of 1025 doors", "K1", commission(1, doors=1025)),
            ("whose zero is not", "K1", commission(1, patch={100: b"\1"})),
            ("whose last zero is not", "K1",
             commission(1, patch={111: b"\1"})),
            ("with its signers the other way", "K1", swapped),
            ("by two of operations", "K2",
             commission(1, signers=(OPS, OPS_2))),
            ("by a root", "K2", commission(1, signers=(OPS, ROOT_A))),
            ("whose signature is spoilt", "K2",
             patched(commission(1), {120: bytes(8)})),
            ("of the epoch before", "K3",
             commission(1, number=stay(1, EPOCH - 1))),
            ("for another cabinet", "K3",
             commission(1, cabinet=OTHER_CABINET)),
            ("of another manifest", "K4", commission(1, of=manifest())),
            ("of another map", "K5", commission(1, map=blake(b"b"))),
            ("of a door fewer than the map", "K5",
             commission(1, doors=DOORS - 1)),
            ("that is a first one", "K6", commission(0)),
            ("to another region", "K6", commission(1, region=REGION + 1)),
            ("of number 0", "OK", commission(1, 0))):
        row(name, answer, o)
    c.case("an amendment keeps what is behind a door whose row it keeps")
    c.occupied()
    c.do("row", 6, b"another row of 6")
    c.do("commission", commission(1), the_map, DOORS, "OK")
    c.do("restart")
    c.do("is", D, "occupied")
    c.proof("OK")
    c.case("an amendment may not change the row of an occupied door")
    c.occupied()
    c.do("row", D, b"another row of 5")
    c.do("commission", commission(1), the_map, DOORS, "K7")
    c.case("an amendment may not take an occupied door away")
    c.occupied()
    c.do("commission", commission(1, doors=D), the_map, D, "K7")
    c.do("commission", commission(1, doors=D + 1), the_map, D + 1, "OK")
    c.case("an amendment may not change the row of a door that loads")
    c.deposit("OK")
    c.do("row", D, b"another row of 5")
    c.do("commission", commission(1), the_map, DOORS, "K7")
    c.case("a door that an amendment takes away is none")
    c.do("commission", commission(1, doors=D), the_map, D, "OK")
    c.do("deposit", grant(), proof(KIND_DEPOSIT, COURIER), "D8")
    c.do("restart")
    c.do("deposit", grant(), proof(KIND_DEPOSIT, COURIER), "D8")
    c.do("time", NOW, "trusted")
    c.do("order", order(CLEAR, 2), "S3")
    c.case("a row of zeros is no door")
    c.do("row", D, bytes(16))
    c.do("commission", commission(1), the_map, DOORS, "OK")
    c.do("deposit", grant(), proof(KIND_DEPOSIT, COURIER), "D8")
    c.deposit("OK", door=6)
    c.case("a door that an amendment brings back has its last stay's number")
    c.do("door", D, "vacant shut stay", stay(8))
    c.do("row", D, bytes(16))
    c.do("commission", commission(1), the_map, DOORS, "OK")
    c.do("row", D, b"its row is back.")
    c.do("commission", commission(1, 2), the_map, DOORS, "OK")
    c.deposit("D9", number=8)
    c.deposit("OK", number=9)
    c.case("an amendment's number is one of the orders'")
    c.do("commission", commission(1, 5), the_map, DOORS, "OK")
    c.order("S6", CLEAR, 5)
    c.order("OK", CLEAR, 6)
    c.do("commission", commission(1, 6), the_map, DOORS, "K6")
    c.case("a disk that failed takes no amendment")
    c.do("disk-fails")
    c.do("commission", commission(1), the_map, DOORS, "K8")


def first_ones(c):
    """K1 to K8 of a cabinet that is new."""
    the_map = blake(b"a map")
    c.case("a first order makes the doors, all of them vacant")
    c.do("commission", commission(0), the_map, DOORS, "OK")
    c.deposit("OK")
    c.do("deposit", grant(door=DOORS, release=OTHER),
         proof(KIND_DEPOSIT, COURIER, DOORS), "D8")
    c.do("restart")
    c.do("is", D, "occupied")
    c.case("a first order is the only one")
    c.do("commission", commission(0), the_map, DOORS, "OK")
    c.do("commission", commission(0, 2), the_map, DOORS, "K6")
    c.case("a first order says which region it is")
    c.do("commission", commission(0, region=REGION + 1), the_map, DOORS, "OK")
    c.deposit("D2")
    c.deposit("OK", grant(signer=FAR_ISSUER))
    c.case("a first order says which cabinet it is")
    c.do("commission", commission(0, cabinet=OTHER_CABINET), the_map, DOORS,
         "OK")
    c.deposit("D4")
    c.case("an amendment of nothing")
    c.do("commission", commission(1, cabinet=bytes(16)), the_map, DOORS, "K6")
    c.case("no door before the first order")
    c.do("deposit", grant(cabinet=bytes(16)),
         proof(KIND_DEPOSIT, COURIER, cabinet=bytes(16)), "REFUSED")
    c.case("a first order by the numbers of orders")
    c.do("commission", commission(0, 5), the_map, DOORS, "OK")
    c.order("S6", CLEAR, 5)
    c.order("OK", CLEAR, 6)


# ---- Forgeries --------------------------------------------------------------

def careless(key_, prefix, body, signature):
    """The signature, which a careless verification takes."""
    assert forge.careless(key_, prefix + body, signature)
    return signature


def forgeries(c):
    """Signatures without a key, and keys that are none."""
    small = forge.small()
    keys = [forge.encode(point) for point in small]
    keys += [(int.from_bytes(k, "little") + forge.P).to_bytes(32, "little")
             for k in keys if int.from_bytes(k, "little") < 2**255 - forge.P]
    nothing = forge.of_nothing()
    for i, bad in enumerate(keys):
        name = f"small key {i}"
        body = proof(RELEASE, OTHER)[:48]
        c.case(f"a proof that nobody signed under {name}")
        c.occupied(D, bad)
        c.ask(D)
        c.do("proof", body + careless(bad, PROOF, body, nothing), "P6")
        # zeros for the recipient are a visit, which has no parcel to open for
        for slot in ("courier", "release") if bad != ZERO else ("courier",):
            c.case(f"a grant with {name} as its {slot}")
            c.deposit("D7", grant(**{slot: bad}))
        c.case(f"a grant with {name} for returns")
        c.deposit("D7", grant(back=bad, after=60))
        c.case(f"a manifest with {name}")
        c.do("manifest", manifest(keys=KEYS + [entry(3, bad)]), "M4")

    def longer(whole, at):
        return (whole[:at] + forge.beyond_order(whole[at:at + 64])
                + whole[at + 64:])

    c.case("a proof whose S is beyond the order")
    whole = longer(proof(RELEASE, RECIPIENT), 48)
    careless(key(RECIPIENT), PROOF, whole[:48], whole[48:])
    c.occupied()
    c.ask(D)
    c.do("proof", whole, "P6")
    c.do("proof", proof(RELEASE, RECIPIENT), "OK")
    c.case("a grant whose S is beyond the order")
    c.deposit("D3", longer(grant(), 168))
    c.case("a deposit's proof whose S is beyond the order")
    c.deposit("P6", p=longer(proof(KIND_DEPOSIT, COURIER), 48))
    for at in (72, 144):
        c.case(f"an order whose S at {at} is beyond the order")
        c.ask(D)
        c.do("order", longer(order(CLEAR), at), "S2")
        c.case(f"an amendment whose S at {at + 48} is beyond the order")
        c.do("commission", longer(commission(1), at + 48), blake(b"a map"),
             DOORS, "K2")
        c.case(f"a manifest whose S at {at} behind its keys is beyond it")
        c.do("manifest", longer(manifest(), 64 + 48 * 8 + at - 64), "M5")
    body = proof(RELEASE, RECIPIENT)[:48]
    seed = bytes([RECIPIENT]) * 32
    for i, point in enumerate(small[1:], 1):
        c.case(f"a proof whose R has a small part of {i}")
        c.occupied()
        c.ask(D)
        c.do("proof", body + careless(
            key(RECIPIENT), PROOF, body,
            forge.crooked(seed, key(RECIPIENT), PROOF + body, point)), "P6")
        bent = forge.crooked_key(seed, point)
        careless(bent, PROOF, body, forge.crooked(seed, bent, PROOF + body))
        c.case(f"a grant for a key with a small part of {i}")
        c.deposit("D7", grant(release=bent))
        c.case(f"a manifest with a key that has a small part of {i}")
        c.do("manifest", manifest(keys=KEYS + [entry(3, bent)]), "M4")


# ---- Custody ----------------------------------------------------------------

def custody(c):
    """Every row of the table, and every bound of it."""
    c.case("a deposit that is shut is occupied")
    c.deposit("OK")
    c.do("is", D, "loading")
    c.do("opens", D)
    c.do("is", D, "loading")
    c.do("shuts", D)
    c.do("is", D, "occupied")
    c.case("a deposit left open is occupied at the window's end")
    c.deposit("OK")
    c.do("opens", D)
    c.do("wait", 99)
    c.do("is", D, "loading")
    c.do("wait", 1)
    c.do("is", D, "occupied")
    c.case("a deposit never opened is vacant at the window's end")
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("wait", 99)
    c.do("is", D, "loading")
    c.do("wait", 1)
    c.do("is", D, "vacant")
    c.case("a deposit without result is vacant too, when nobody saw it open")
    c.deposit("OK")
    c.do("wait", 100)
    c.do("is", D, "vacant")
    c.case("the first door is a door like any other")
    c.deposit("OK", door=0)
    c.do("wait", 100)
    c.do("is", 0, "vacant")
    c.case("an intent that has its result keeps no window's end away")
    c.deposit("OK")
    c.do("wait", 90)
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("wait", 9)
    c.do("is", D, "loading")
    c.do("wait", 1)
    c.do("is", D, "vacant")
    c.case("a visit ends though its board is away")
    c.deposit("OK", grant(release=ZERO))
    c.do("away", D)
    c.do("wait", 100)
    c.do("is", D, "vacant")
    c.case("a deposit of unknown result is occupied at the window's end")
    c.deposit("OK")
    c.do("unknown", D)
    c.do("wait", 99)
    c.do("is", D, "loading")
    c.do("wait", 1)
    c.do("is", D, "occupied")
    c.case("one result that is unknown is enough")
    c.deposit("OK")
    c.do("unknown", D)
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("wait", 100)
    c.do("is", D, "occupied")
    c.case("a deposit is not given up while its board is away")
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("away", D)
    c.do("wait", 200)
    c.do("is", D, "loading")
    c.do("back", D)
    c.do("is", D, "vacant")
    c.case("a deposit is not given up while its leaf is unread")
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("unread", D)
    c.do("wait", 200)
    c.do("is", D, "loading")
    c.case("a deposit that opens after its life is still a deposit")
    c.deposit("OK")
    c.do("wait", 25)
    c.do("opens", D)
    c.do("shuts", D)
    c.do("is", D, "occupied")
    c.case("a restart makes a deposit occupied")
    c.deposit("OK")
    c.do("restart")
    c.do("is", D, "occupied")
    c.case("a restart lets a deposit go on that is known not to have opened")
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("restart")
    c.do("is", D, "loading")
    c.do("wait", 100)
    c.do("is", D, "vacant")
    c.case("a restart after an unknown result makes it occupied")
    c.deposit("OK")
    c.do("unknown", D)
    c.deposit("OK")
    c.do("never-opened", D)
    c.do("restart")
    c.do("is", D, "occupied")
    for how, name in ((("opens", "shuts"), "shut"), (("restart",), "restart"),
                      (("opens", "wait 100"), "the window's end"),
                      (("wait 100",), "the window's end unopened")):
        c.case(f"a visit ends vacant by {name}")
        c.deposit("OK", grant(release=ZERO))
        c.do("is", D, "loading")
        for step in how:
            c.do(*step.split(), *([D] if step in ("opens", "shuts") else []))
        c.do("is", D, "vacant")
    c.case("a cancel of a visit is a reopening")
    c.deposit("OK", grant(release=ZERO))
    c.proof("OK", CANCEL, COURIER)
    c.do("opens", D)
    c.do("is", D, "loading")
    c.do("shuts", D)
    c.do("is", D, "vacant")
    for kind, who, name in ((RELEASE, RECIPIENT, "release"),
                            (RETURN, RETURNS, "return"),
                            (CANCEL, COURIER, "cancel")):
        c.case(f"a {name} empties when the leaf opens and not before")
        c.fill(back=RETURNS, after=1)
        c.proof("OK", kind, who)
        c.do("is", D, "occupied")
        c.do("opens", D)
        c.do("is", D, "emptying")
        c.do("wait", 2)
        c.do("shuts", D)
        c.do("wait", 99)
        c.do("is", D, "emptying")
        c.do("wait", 1)
        c.do("is", D, "vacant")
        c.case(f"a {name} that opens in its life's last second empties")
        c.fill(back=RETURNS, after=1)
        c.proof("OK", kind, who)
        c.do("wait", 19)
        c.do("opens", D)
        c.do("is", D, "emptying")
        c.case(f"a {name} that opens after its life empties nothing")
        c.fill(back=RETURNS, after=1)
        c.proof("OK", kind, who)
        c.do("wait", 20)
        c.do("opens", D)
        c.do("is", D, "occupied")
        c.case(f"a {name} at a leaf that stands open empties at once")
        c.fill(back=RETURNS, after=1)
        c.do("opens", D)
        c.proof("OK", kind, who)
        c.do("is", D, "emptying")
    c.case("a cancel from loading empties")
    c.deposit("OK")
    c.proof("OK", CANCEL, COURIER)
    c.do("opens", D)
    c.do("is", D, "emptying")
    c.case("a reopening empties nothing")
    c.fill()
    c.proof("OK", REOPEN, COURIER)
    c.do("opens", D)
    c.do("is", D, "occupied")
    c.case("an opening of less than two seconds empties nothing")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 1)
    c.do("shuts", D)
    c.do("wait", 99)
    c.do("is", D, "emptying")
    c.do("wait", 1)
    c.do("is", D, "occupied")
    c.case("one opening of two seconds is enough")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 2)
    c.do("shuts", D)
    c.proof("OK")
    c.do("opens", D)
    c.do("shuts", D)
    c.do("wait", 100)
    c.do("is", D, "vacant")
    c.case("an opening of the deposit does not count for the release")
    c.deposit("OK")
    c.do("opens", D)
    c.do("wait", 5)
    c.do("shuts", D)
    c.proof("OK")
    c.do("opens", D)
    c.do("shuts", D)
    c.do("wait", 100)
    c.do("is", D, "occupied")
    c.case("the window is counted from the last shut")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 3)
    c.do("shuts", D)
    c.do("wait", 60)
    c.do("opens", D)
    c.do("shuts", D)
    c.do("wait", 99)
    c.do("is", D, "emptying")
    c.do("wait", 1)
    c.do("is", D, "vacant")
    c.case("a door that is emptied waits while its leaf is open")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 300)
    c.do("is", D, "emptying")
    c.case("a door that is emptied waits for its board")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 3)
    c.do("shuts", D)
    c.do("away", D)
    c.do("wait", 200)
    c.do("is", D, "emptying")
    c.do("back", D)
    c.do("is", D, "vacant")
    c.case("a door that is emptied waits for its leaf to be read")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 3)
    c.do("shuts", D)
    c.do("unread", D)
    c.do("wait", 200)
    c.do("is", D, "emptying")
    for seen, after in (("none", "vacant"), ("empty", "vacant"),
                        ("full", "emptying"), ("unread", "emptying")):
        c.case(f"a content sensor that says {seen}")
        c.fill()
        c.do("content", D, seen)
        c.proof("OK")
        c.do("opens", D)
        c.do("wait", 3)
        c.do("shuts", D)
        c.do("wait", 100)
        c.do("is", D, after)
    c.case("a content sensor that says empty after a bounce empties nothing")
    c.fill()
    c.do("content", D, "empty")
    c.proof("OK")
    c.do("opens", D)
    c.do("shuts", D)
    c.do("wait", 100)
    c.do("is", D, "occupied")
    c.case("not emptied makes it occupied, and the recipient may try again")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 5)
    c.do("shuts", D)
    c.do("not-emptied", D)
    c.do("is", D, "occupied")
    c.do("wait", 200)
    c.do("is", D, "occupied")
    c.proof("OK")
    c.do("opens", D)
    c.do("shuts", D)
    c.do("wait", 100)
    c.do("is", D, "occupied")
    c.case("emptying outlasts a restart")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 3)
    c.do("shuts", D)
    c.do("wait", 10)
    c.do("restart")
    c.do("is", D, "emptying")
    c.do("wait", 89)
    c.do("is", D, "emptying")
    c.do("wait", 1)
    c.do("is", D, "vacant")
    c.case("an opening that a restart cut lasted up to the restart")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 1)
    c.do("restart")
    c.do("wait", 30)
    c.do("shuts", D)
    c.do("wait", 100)
    c.do("is", D, "occupied")
    c.case("an opening after a restart is whole")
    c.fill()
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 1)
    c.do("shuts", D)
    c.do("restart")
    c.do("opens", D)
    c.do("wait", 3)
    c.do("shuts", D)
    c.do("wait", 100)
    c.do("is", D, "vacant")
    c.case("a vacated door keeps neither key nor use nor seal")
    c.fill()
    c.do("seal", D, seal(b"K7QW2M"), "OK")
    c.proof("OK")
    c.do("opens", D)
    c.do("wait", 3)
    c.do("shuts", D)
    c.do("wait", 100)
    c.do("is", D, "vacant")
    c.proof("P4")
    c.do("code", "05K7QW2M", "C1")
    c.deposit("OK", grant(stay=stay(2), uses=0x11), number=2)
    c.do("opens", D)
    c.do("shuts", D)
    c.proof("P7", REOPEN, COURIER, number=2)
    c.proof("OK", number=2)
    c.do("never-opened", D)
    c.proof("OK", number=2)
    c.proof("P7", number=2)
    c.case("an opening that nobody asked for moves no custody")
    c.fill()
    c.do("opens", D)
    c.do("wait", 5)
    c.do("shuts", D)
    c.do("wait", 200)
    c.do("is", D, "occupied")
    c.proof("OK")
    c.case("an intent that a restart cut off empties nothing")
    c.fill()
    c.proof("OK")
    c.do("restart")
    c.do("opens", D)
    c.do("is", D, "occupied")


def main():
    """Returns the exit code."""
    rules = Cases("Every rule and each of its bounds.", scene())
    for part in (grant_forms, deposit_rules, proof_rules, challenges, buckets,
                 counting, seals, codes, orders, manifests, amendments,
                 forgeries, custody):
        part(rules)
    first = Cases("Commissioning a new cabinet.",
                  ["uncommissioned", f"time {NOW} trusted",
                   f"manifest {FIRST.hex()} OK"])
    first_ones(first)
    bad = 0
    for name, cases in (("rules.txt", rules), ("first.txt", first)):
        path = HERE / name
        if "--check" in sys.argv:
            if path.read_text() != cases.text():
                print(f"{name} is not what make.py writes")
                bad = 1
        else:
            path.write_text(cases.text())
    return bad


if __name__ == "__main__":
    sys.exit(main())
