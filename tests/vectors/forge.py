# SPDX-License-Identifier: Apache-2.0
"""Signatures that a careless Ed25519 takes: S is not bounded, points need not
be canonical, and what small order there is goes by. Each forgery is checked
with such a verification here, so that the case which refuses it shows a check
that is needed. Slow, plain arithmetic, for tests alone."""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1)


def add(a, b):
    """The sum of two points of the curve."""
    x1, y1, x2, y2 = *a, *b
    t = D * x1 * x2 * y1 * y2 % P
    return ((x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P,
            (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P)


def times(n, point):
    """n times a point."""
    out = NEUTRAL
    while n:
        if n & 1:
            out = add(out, point)
        point, n = add(point, point), n >> 1
    return out


def decode(data):
    """The point that 32 bytes stand for, y taken modulo P; None: no point."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, (number & (2**255 - 1)) % P
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * ROOT % P
    if x * x % P != square:
        return None
    return (P - x if x & 1 != sign else x) % P, y


def encode(point):
    """The canonical 32 bytes."""
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def small():
    """The eight points of small order, by their multiples of one of order 8."""
    y = 2
    while True:
        point = decode(y.to_bytes(32, "little"))
        if point is not None:
            t = times(L, point)
            if times(4, t) != NEUTRAL:
                return [times(n, t) for n in range(8)]
        y += 1


def hashed(r, key, message):
    """What Ed25519 multiplies the key with."""
    return int.from_bytes(hashlib.sha512(r + key + message).digest(),
                          "little") % L


def careless(key, message, signature):
    """Whether a verification without those checks takes it."""
    a, r = decode(key), decode(signature[:32])
    if a is None or r is None:
        return False
    s = int.from_bytes(signature[32:], "little")
    h = hashed(signature[:32], key, message)
    left = times(8, times(s, BASE))
    return left == times(8, add(r, times(h, a)))


def of_nothing():
    """S is 0, R is neutral: good for any message under a small key."""
    return encode(NEUTRAL) + bytes(32)


def beyond_order(signature):
    """The same signature with L added to its S."""
    s = int.from_bytes(signature[32:], "little") + L
    return signature[:32] + s.to_bytes(32, "little")


def secret_of(seed):
    """The number and the prefix of a seed."""
    digest = hashlib.sha512(seed).digest()
    number = int.from_bytes(digest[:32], "little")
    number &= (1 << 254) - 8
    return number | 1 << 254, digest[32:]


def crooked_key(seed, torsion):
    """A public key with a point of small order added to it."""
    return encode(add(times(secret_of(seed)[0], BASE), torsion))


def crooked(seed, key, message, torsion=NEUTRAL):
    """A signature under a key that is not the seed's own, or with a point of
    small order added to its R."""
    number, prefix = secret_of(seed)
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(),
                       "little") % L
    point = encode(add(times(r, BASE), torsion))
    s = (r + hashed(point, key, message) * number) % L
    return point + s.to_bytes(32, "little")
