# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""lockbus drives the lock boards of a parcel-locker cabinet and moves a latch
only on a signature. This is the C library as Python sees it: names are the C
names without lockbus_, docs/bindings.md has the few that differ, and what a
call does is what the header says."""
from ._abi import (Anchor, Board, BoardState, Bus, CabinetInfo, ChallengeUse, CodeForm,
                   Commission, Content, Custody, CustodyReason, Door, Entry, EntryKind, Err,
                   Event, EventKind, Grant, JournalReport, Latch, Latency,
                   ManifestInfo, ManifestKey, Order, Proof, ProofKind, Receipt, Role, Rule,
                   ServiceAction)
from ._call import (BusyError, ConfigError, CorruptError, DeniedError,
                    IoError, LockbusError, NomemError, OfflineError,
                    ProtocolError, UsageError, call, text_of)
from .cabinet import (Cabinet, amend, boottime_us, commission, config_check,
                      device_key, event_ends)
from .issue import (KeyFile, Signer, anchor_read, anchor_verify, commission_read, escrow_load,
                    escrow_save, grant_read, hash_bytes, issue_code,
                    issue_commission, issue_grant, issue_manifest,
                    issue_order, issue_order_half, issue_order_join,
                    issue_proof, issue_receipt, key_load, key_load_public, key_save, manifest_read,
                    order_read, package_read, package_write, proof_read, receipt_read)
from .journal import Journal

__all__ = [
    "Anchor", "Board", "BoardState", "Bus", "BusyError", "Cabinet", "CabinetInfo",
    "ChallengeUse", "CodeForm", "Commission", "ConfigError", "Content",
    "CorruptError", "Custody", "CustodyReason", "DeniedError", "Door", "Entry", "EntryKind", "Err", "Event",
    "EventKind", "Grant", "IoError", "Journal", "JournalReport", "KeyFile",
    "Latch", "Latency", "LockbusError", "ManifestInfo", "ManifestKey", "NomemError",
    "OfflineError", "Order", "Proof", "ProofKind", "ProtocolError", "Receipt", "Role",
    "Rule", "ServiceAction", "Signer", "UsageError", "amend", "anchor_read", "anchor_verify",
    "board_state_name", "boottime_us", "commission", "commission_read",
    "config_check", "content_name", "custody_name", "custody_reason_name", "device_key", "err_name", "escrow_load",
    "escrow_save", "event_ends", "event_name", "grant_read", "hash_bytes",
    "issue_code", "issue_commission", "issue_grant", "issue_manifest",
    "issue_order", "issue_order_half", "issue_order_join", "issue_proof", "issue_receipt",
    "key_load", "key_load_public", "key_save", "latch_name", "manifest_read", "order_read",
    "package_read", "package_write", "proof_read", "receipt_read", "reply_bound_us", "rule_advice", "rule_name",
    "rule_text",
    "version",
]


def version() -> str:
    """The version of the library that runs."""
    return text_of("lockbus_version")


def err_name(err: int) -> str:
    """"OK", "DENIED" ...; "?" for a value that is none."""
    return text_of("lockbus_err_name", err)


def rule_name(rule: int) -> str:
    """"D3", "P10" ...; "-" for NONE, "?" for a value that is none."""
    return text_of("lockbus_rule_name", rule)


def rule_text(rule: int) -> str:
    """One sentence that says what the rule demands."""
    return text_of("lockbus_rule_text", rule)


def rule_advice(rule: int) -> str:
    """What the person at the door is told."""
    return text_of("lockbus_rule_advice", rule)


def latch_name(latch: int) -> str:
    """"SHUT", "OPEN" ..."""
    return text_of("lockbus_latch_name", latch)


def content_name(content: int) -> str:
    """"UNWATCHED", "EMPTY" ..."""
    return text_of("lockbus_content_name", content)


def custody_name(custody: int) -> str:
    """"VACANT", "OCCUPIED" ..."""
    return text_of("lockbus_custody_name", custody)


def custody_reason_name(reason: int) -> str:
    """"STORED", "RELEASED" ..."""
    return text_of("lockbus_custody_reason_name", reason)


def board_state_name(state: int) -> str:
    """"PRESENT", "AWAY" ..."""
    return text_of("lockbus_board_state_name", state)


def reply_bound_us(index: int) -> int:
    """Below how many microseconds reply_times[index] counts."""
    return int(call("lockbus_reply_bound_us", index))


def event_name(kind: int) -> str:
    """"OPENED", "REFUSED" ..."""
    return text_of("lockbus_event_name", kind)
