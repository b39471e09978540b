# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""lockbus/cabinet.h: the handle of one cabinet."""
from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from types import TracebackType

from . import _abi
from ._abi import (Board, Bus, CabinetInfo, ChallengeUse, Door, Event,
                   ProofKind)
from ._call import call, from_c, handle, make, path_octets, unsigned

Path = str | os.PathLike[str]
Bytes = bytes | bytearray | memoryview


def boottime_us() -> int:
    """The clock that poll() wants: monotonic, counts sleep too."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000


def config_check(config_path: Path) -> tuple[bytes, int]:
    """Reads a configuration; the hash of its door map and its doors."""
    map_hash, doors = ctypes.create_string_buffer(32), ctypes.c_uint16()
    call("lockbus_config_check", config_path, map_hash, ctypes.byref(doors))
    return map_hash.raw, doors.value


def commission(config_path: Path, manifest: Bytes, order: Bytes) -> bytes:
    """Makes the journal; its root key, to be kept by the operator."""
    escrow = ctypes.create_string_buffer(32)
    call("lockbus_cabinet_commission", config_path, manifest, len(manifest),
         order, len(order), escrow)
    return escrow.raw


def amend(config_path: Path, order: Bytes) -> None:
    """Applies an amendment order; the cabinet must not be open."""
    call("lockbus_cabinet_amend", config_path, order, len(order))


def device_key(config_path: Path) -> bytes:
    """The public key that a cabinet's anchors are verified with."""
    key = ctypes.create_string_buffer(32)
    call("lockbus_device_key", config_path, key)
    return key.raw


def event_ends(event: Event) -> bool:
    """Whether this event is the one that ends its ticket."""
    made = make(Event)
    made.kind, made.ticket = event.kind or 0, event.ticket
    return call("lockbus_event_ends", ctypes.byref(made))


class Cabinet:
    """A commissioned cabinet. One thread at a time; close it, or use it in a
    with statement. Requests return a ticket; events say what came of it."""

    def __init__(self, config_path: Path, *,
                 without_worker: bool = False, trace: Path | None = None,
                 trace_max: int = 0) -> None:
        self._cabinet = ctypes.POINTER(_abi.lockbus_cabinet)()
        options = _abi.lockbus_options(
            size=ctypes.sizeof(_abi.lockbus_options),
            without_worker=without_worker,
            trace=None if trace is None else path_octets(trace, "trace"),
            trace_max=unsigned(trace_max, ctypes.c_uint64, "trace_max"))
        call("lockbus_cabinet_open", ctypes.byref(self._cabinet), config_path,
             ctypes.byref(options))

    @classmethod
    def open(cls, config_path: Path, *,
             without_worker: bool = False, trace: Path | None = None,
             trace_max: int = 0) -> Cabinet:
        """The same as Cabinet(config_path). trace: a new file that receives
        every frame of every bus, of trace_max bytes at most (0: 2^30)."""
        return cls(config_path, without_worker=without_worker, trace=trace,
                   trace_max=trace_max)

    def close(self) -> None:
        """Switches all outputs off and ends the handle; may be repeated."""
        call("lockbus_cabinet_close", ctypes.byref(self._cabinet))

    def __enter__(self) -> Cabinet:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @property
    def _open(self) -> ctypes._Pointer[_abi.lockbus_cabinet]:
        return handle(self._cabinet, "cabinet")

    # ---- Driving it

    def poll(self, now_us: int) -> None:
        """Does everything that is due at boottime_us(); never blocks."""
        call("lockbus_cabinet_poll", self._open, now_us)

    def fd(self) -> int:
        """Readable when poll() has something to do."""
        return call("lockbus_cabinet_fd", self._open)

    fileno = fd  # select and selectors take the cabinet itself

    def deadline_us(self) -> int:
        """When poll() wants to be called at the latest."""
        return call("lockbus_cabinet_deadline_us", self._open)

    def timeout_ms(self, now_us: int) -> int:
        """The same as a timeout for select.poll(), at most 1000."""
        return call("lockbus_cabinet_timeout_ms", self._open, now_us)

    def next_event(self) -> Event | None:
        """Takes the oldest event."""
        event = make(Event)
        if not call("lockbus_cabinet_next_event", self._open,
                    ctypes.byref(event)):
            return None
        return from_c(Event, event)

    def events(self) -> Iterator[Event]:
        """Takes events until there are none."""
        while (event := self.next_event()) is not None:
            yield event

    def time(self, unix_s: int, trusted: bool) -> None:
        """Tells the wall time; trusted: nobody on the network can move it."""
        call("lockbus_cabinet_time", self._open, unix_s, trusted)

    # ---- Asking for an open

    def challenge(self, door: int,
                  use: ChallengeUse = ChallengeUse.PROOF) -> bytes:
        """What a proof or a service order for this door must sign."""
        challenge = ctypes.create_string_buffer(16)
        call("lockbus_challenge", self._open, door, use, challenge)
        return challenge.raw

    def _ask(self, name: str, *args: object) -> int:
        ticket = ctypes.c_uint32()
        call(name, self._open, *args, ctypes.byref(ticket))
        return ticket.value

    def deposit(self, package: Bytes, proof: Bytes) -> int:
        """A deposit by a package and the courier's proof."""
        return self._ask("lockbus_deposit", package, len(package), proof,
                         len(proof))

    def deposit_with_key(self, package: Bytes, seed: Bytes) -> int:
        """The same with the courier's seed. Give a bytearray and wipe it."""
        return self._ask("lockbus_deposit_with_key", package, len(package),
                         seed)

    def open_with_proof(self, proof: Bytes) -> int:
        """A proof of kind release, return, reopen or cancel."""
        return self._ask("lockbus_open_with_proof", proof, len(proof))

    def open_with_key(self, door: int, kind: ProofKind, seed: Bytes) -> int:
        """A release, return, reopen or cancel with its seed: the library
        takes the challenge and signs. Give a bytearray and wipe it."""
        return self._ask("lockbus_open_with_key", door, kind, seed)

    def release_with_code(self, code: str) -> int:
        """A code as typed; its refusal comes as an event."""
        return self._ask("lockbus_release_with_code", code)

    def service(self, order: Bytes) -> int:
        """A service order: open, block, unblock or clear."""
        return self._ask("lockbus_service", order, len(order))

    # ---- Other signed things

    def manifest(self, manifest: Bytes) -> int:
        """A new manifest."""
        return self._ask("lockbus_manifest", manifest, len(manifest))

    def seal(self, door: int, seal: Bytes) -> int:
        """A second seal for the parcel behind a door."""
        return self._ask("lockbus_seal", door, seal, len(seal))

    def not_emptied(self, door: int) -> int:
        """The parcel is still inside."""
        return self._ask("lockbus_not_emptied", door)

    # ---- The journal's end

    def anchor(self) -> bytes:
        """Which block is the journal's last, signed by this cabinet."""
        anchor = ctypes.create_string_buffer(_abi.ANCHOR_LEN)
        call("lockbus_cabinet_anchor", self._open, anchor)
        return anchor.raw

    def acknowledge(self, receipt: Bytes) -> int:
        """The operator's receipt for an anchor."""
        return self._ask("lockbus_acknowledge", receipt, len(receipt))

    # ---- Looking

    def board(self, index: int) -> Board:
        """A copy of a board, by its place in the configuration from 0."""
        board = make(Board)
        call("lockbus_board_at", self._open, index, ctypes.byref(board))
        return from_c(Board, board)

    def boards(self) -> list[Board]:
        """All of them."""
        return [self.board(index) for index in range(self.info().boards)]

    def bus(self, index: int) -> Bus:
        """A copy of a line, by its place in the configuration from 0."""
        bus = make(Bus)
        call("lockbus_bus_at", self._open, index, ctypes.byref(bus))
        return from_c(Bus, bus)

    def buses(self) -> list[Bus]:
        """All of them."""
        return [self.bus(index) for index in range(self.info().buses)]

    def door(self, number: int) -> Door:
        """A copy of a door."""
        door = make(Door)
        call("lockbus_door_at", self._open, number, ctypes.byref(door))
        return from_c(Door, door)

    def find(self, label: str) -> int:
        """The number of the door with this label."""
        number = ctypes.c_uint16()
        call("lockbus_door_find", self._open, label, ctypes.byref(number))
        return number.value

    def info(self) -> CabinetInfo:
        """The cabinet's figures."""
        info = make(CabinetInfo)
        call("lockbus_cabinet_info", self._open, ctypes.byref(info))
        return from_c(CabinetInfo, info)
