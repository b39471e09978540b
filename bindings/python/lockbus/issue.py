# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""lockbus/issue.h and lockbus/grant.h: making the signed things and reading
their fields. Reading verifies nothing; the gate does."""
from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

from . import _abi
from ._abi import (Anchor, CodeForm, Commission, Err, Grant, ManifestInfo,
                   Order, Proof, ProofKind, Receipt)
from ._call import UsageError, call, exactly, from_c, make, to_c, unsigned
from .cabinet import Bytes, Path


class Signer:
    """An Ed25519 key: a seed in memory, or a function that reaches a hardware
    module. wipe() it, or use it in a with statement."""

    def __init__(self) -> None:
        self._signer = _abi.lockbus_signer()
        self._error: BaseException | None = None

    @classmethod
    def generate(cls) -> Signer:
        """A new key from the system's random."""
        made = cls()
        call("lockbus_signer_generate", ctypes.byref(made._signer))
        return made

    @classmethod
    def from_seed(cls, seed: Bytes) -> Signer:
        """The key of a seed."""
        made = cls()
        call("lockbus_signer_from_seed", ctypes.byref(made._signer), seed)
        return made

    @classmethod
    def from_function(cls, public_key: bytes,
                      sign: Callable[[bytes], bytes]) -> Signer:
        """A key elsewhere: sign(bytes) gives 64 bytes, or raises to give up.
        What it raises is the cause of the IoError that follows."""
        made = cls()

        def callback(_user: Any, octets: Any, length: int,
                     signature: Any) -> int:
            try:
                signed = bytes(sign(ctypes.string_at(octets, length)))
                if len(signed) != 64:
                    raise ValueError("a signature has 64 bytes")
                ctypes.memmove(signature, signed, 64)
            except BaseException as error:  # C cannot carry it
                made._error = error
                return int(Err.IO)
            return int(Err.OK)

        made._signer.sign = _abi.lockbus_sign_fn(callback)
        ctypes.memmove(made._signer.public_key,
                       exactly(public_key, 32, "public_key"), 32)
        return made

    @property
    def public_key(self) -> bytes:
        """The public key."""
        return bytes(self._signer.public_key)

    @property
    def seed(self) -> bytearray:
        """A copy of the seed, to be wiped by who asked; zero when the key is
        elsewhere or was wiped."""
        return bytearray(self._signer.seed)

    def wipe(self) -> None:
        """Forgets the seed."""
        call("lockbus_signer_wipe", ctypes.byref(self._signer))

    def __enter__(self) -> Signer:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.wipe()


@dataclass(frozen=True, kw_only=True)
class KeyFile:
    """struct lockbus_key_file"""
    role: str
    signer: Signer
    secret: bool
    region_first: int = 0
    region_last: int = 0xFFFFFFFF


def _signed(name: str, *args: Any, signers: Sequence[Signer] = ()) -> None:
    """A call that signs; raises what a signing function raised as the
    cause."""
    for signer in signers:
        signer._error = None
    try:
        call(name, *args)
    except Exception as error:
        causes = [s._error for s in signers if s._error is not None]
        raise error from (causes[0] if causes else None)


def key_save(path: Path, key: KeyFile) -> None:
    """Writes a key file; never over one that exists."""
    made = _abi.lockbus_key_file()
    role = key.role.encode()
    if len(role) >= _abi.lockbus_key_file.role.size:
        raise UsageError(field="role", text="it is too long")
    made.role, made.secret, made.signer = role, key.secret, key.signer._signer
    made.region_first = unsigned(key.region_first, ctypes.c_uint32,
                                 "region_first")
    made.region_last = unsigned(key.region_last, ctypes.c_uint32,
                                "region_last")
    try:
        call("lockbus_key_save", path, ctypes.byref(made))
    finally:
        call("lockbus_signer_wipe", ctypes.byref(made.signer))


def key_load(path: Path) -> KeyFile:
    """Reads a secret key, to sign with."""
    return _loaded("lockbus_key_load", path)


def key_load_public(path: Path) -> KeyFile:
    """Reads the public half of a key, from either of its files."""
    return _loaded("lockbus_key_load_public", path)


def _loaded(name: str, path: Path) -> KeyFile:
    made = _abi.lockbus_key_file()
    call(name, path, ctypes.byref(made))
    signer = Signer()
    signer._signer = made.signer
    return KeyFile(role=made.role.decode(), signer=signer, secret=made.secret,
                   region_first=made.region_first,
                   region_last=made.region_last)


def escrow_save(path: Path, root_key: Bytes) -> None:
    """Writes the journal's root key; never over a file that exists."""
    call("lockbus_escrow_save", path, root_key)


def escrow_load(path: Path) -> bytearray:
    """Reads the journal's root key. Wipe it."""
    root_key = ctypes.create_string_buffer(32)
    try:
        call("lockbus_escrow_load", path, root_key)
        return bytearray(root_key.raw)
    finally:
        ctypes.memset(root_key, 0, 32)


# ---- Making


def issue_grant(grant: Grant, issuer: Signer) -> bytes:
    """Signs a grant."""
    out = ctypes.create_string_buffer(_abi.GRANT_LEN)
    _signed("lockbus_issue_grant", out, ctypes.byref(to_c(grant)),
            ctypes.byref(issuer._signer), signers=[issuer])
    return out.raw


def issue_proof(kind: ProofKind, door: int, cabinet_id: Bytes, stay: int,
                challenge: Bytes, signer: Signer) -> bytes:
    """Signs a proof over a challenge that the cabinet gave."""
    out = ctypes.create_string_buffer(_abi.PROOF_LEN)
    _signed("lockbus_issue_proof", out, kind, door, cabinet_id, stay,
            challenge, ctypes.byref(signer._signer), signers=[signer])
    return out.raw


def issue_code(form: CodeForm, door: int, cabinet_id: Bytes, stay: int,
               release_seed: Bytes) -> tuple[str, bytes]:
    """A random code and the release seed sealed under it. The code is a str,
    which Python cannot wipe: show it, send it, let go of it."""
    code = ctypes.create_string_buffer(_abi.CODE_TEXT_MAX)
    seal = ctypes.create_string_buffer(_abi.SEAL_LEN)
    try:
        call("lockbus_issue_code", code, seal, ctypes.byref(to_c(form)), door,
             cabinet_id, stay, release_seed)
        return code.value.decode("ascii"), seal.raw
    finally:
        ctypes.memset(code, 0, len(code))


def package_write(grant: Bytes, seal: Bytes | None = None) -> bytes:
    """A DepositPackage of a grant and its seal."""
    out = ctypes.create_string_buffer(_abi.PACKAGE_MAX)
    length = ctypes.c_size_t()
    call("lockbus_package_write", out, ctypes.byref(length), grant,
         exactly(seal, _abi.SEAL_LEN, "seal"))
    return out.raw[:length.value]


def issue_order(order: Order, first: Signer, second: Signer) -> bytes:
    """A service order by an operations and a security key."""
    out = ctypes.create_string_buffer(_abi.ORDER_LEN)
    _signed("lockbus_issue_order", out, ctypes.byref(to_c(order)),
            ctypes.byref(first._signer), ctypes.byref(second._signer),
            signers=[first, second])
    return out.raw


def issue_order_half(order: Order, signer: Signer) -> bytes:
    """One person's half of a service order."""
    out = ctypes.create_string_buffer(_abi.ORDER_HALF_LEN)
    _signed("lockbus_issue_order_half", out, ctypes.byref(to_c(order)),
            ctypes.byref(signer._signer), signers=[signer])
    return out.raw


def issue_order_join(one: Bytes, other: Bytes) -> bytes:
    """The service order of two persons' halves."""
    out = ctypes.create_string_buffer(_abi.ORDER_LEN)
    call("lockbus_issue_order_join", out, one, other)
    return out.raw


def issue_commission(order: Commission, first: Signer,
                     second: Signer) -> bytes:
    """A commissioning order by the same two roles."""
    out = ctypes.create_string_buffer(_abi.COMMISSION_LEN)
    _signed("lockbus_issue_commission", out, ctypes.byref(to_c(order)),
            ctypes.byref(first._signer), ctypes.byref(second._signer),
            signers=[first, second])
    return out.raw


def anchor_verify(octets: Bytes, device_key: Bytes) -> Anchor:
    """An anchor's fields, when this device key signed them."""
    made = make(Anchor)
    call("lockbus_anchor_verify", ctypes.byref(made), octets, len(octets),
         device_key)
    return from_c(Anchor, made)


def issue_receipt(receipt: Receipt, archive: Signer) -> bytes:
    """A receipt for an anchor that was verified and kept."""
    out = ctypes.create_string_buffer(_abi.RECEIPT_LEN)
    _signed("lockbus_issue_receipt", out, ctypes.byref(to_c(receipt)),
            ctypes.byref(archive._signer), signers=[archive])
    return out.raw


def issue_manifest(ini_path: Path, signers: Sequence[Signer]) -> bytes:
    """Signs the manifest that a text file describes."""
    out = ctypes.create_string_buffer(_abi.MANIFEST_MAX)
    length = ctypes.c_size_t()
    roots = (_abi.lockbus_signer * max(len(signers), 1))(
        *[signer._signer for signer in signers])
    try:
        _signed("lockbus_issue_manifest", out, ctypes.byref(length), ini_path,
                roots, len(signers), signers=signers)
    finally:
        ctypes.memset(roots, 0, ctypes.sizeof(roots))
    return out.raw[:length.value]


def hash_bytes(octets: Bytes) -> bytes:
    """BLAKE2b-256, what a commissioning order says of a manifest."""
    out = ctypes.create_string_buffer(32)
    call("lockbus_hash", out, octets, len(octets))
    return out.raw


# ---- Reading


def _fields(name: str, kind: type, octets: Bytes) -> Any:
    made = make(kind)
    call(name, ctypes.byref(made), octets, len(octets))
    return from_c(kind, made)


def grant_read(octets: Bytes) -> Grant:
    """A grant's fields."""
    return _fields("lockbus_grant_read", Grant, octets)


def proof_read(octets: Bytes) -> Proof:
    """A proof's fields."""
    return _fields("lockbus_proof_read", Proof, octets)


def order_read(octets: Bytes) -> Order:
    """A service order's fields."""
    return _fields("lockbus_order_read", Order, octets)


def commission_read(octets: Bytes) -> Commission:
    """A commissioning order's fields."""
    return _fields("lockbus_commission_read", Commission, octets)


def manifest_read(octets: Bytes) -> ManifestInfo:
    """A manifest's fields; as many keys and signers as it has."""
    info = _fields("lockbus_manifest_read", ManifestInfo, octets)
    return replace(info, keys=info.keys[:info.key_count],
                   signed_by=info.signed_by[:info.signature_count])


def anchor_read(octets: Bytes) -> Anchor:
    """An anchor's fields; anchor_verify() says whether they are true."""
    return _fields("lockbus_anchor_read", Anchor, octets)


def receipt_read(octets: Bytes) -> Receipt:
    """A receipt's fields."""
    return _fields("lockbus_receipt_read", Receipt, octets)


def package_read(package: Bytes) -> tuple[bytes, bytes | None]:
    """The grant and the seal, if any, inside a DepositPackage."""
    grant = ctypes.create_string_buffer(_abi.GRANT_LEN)
    seal = ctypes.create_string_buffer(_abi.SEAL_LEN)
    length = ctypes.c_size_t()
    call("lockbus_package_read", package, len(package), grant, seal,
         ctypes.byref(length))
    return grant.raw, seal.raw if length.value else None
