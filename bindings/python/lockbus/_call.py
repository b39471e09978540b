# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Calls into liblockbus: finds it, checks what ctypes would cut off in
silence, copies structs, turns what a call returns into an exception."""
from __future__ import annotations

import ctypes
import operator
import os
from dataclasses import fields
from functools import cache
from typing import Any

from . import _abi
from ._abi import Err, Rule

_UNSIGNED = {ctypes.c_uint8, ctypes.c_uint16, ctypes.c_uint32,
             ctypes.c_uint64, ctypes.c_uint, ctypes.c_size_t}


class LockbusError(Exception):
    """A call did not return OK. The fields are those of struct lockbus_error;
    `name` is what lockbus_err_name() says, `rule_name` likewise."""

    err = Err.OK

    def __init__(self, *, rule: Rule | int = Rule.NONE, sys_errno: int = 0,
                 line: int = 0, file: str = "", field: str = "",
                 text: str = "") -> None:
        self.rule, self.sys_errno, self.line = rule, sys_errno, line
        self.file, self.field, self.text = file, field, text
        super().__init__(str(self))

    @property
    def name(self) -> str:
        """The name of `err`, as in C: "DENIED"."""
        return self.err.name

    @property
    def rule_name(self) -> str:
        """The rule that refused, as in C: "P5"; "-" for none."""
        return text_of("lockbus_rule_name", self.rule)

    def __str__(self) -> str:
        why = _abi.lockbus_error(
            err=self.err, rule=self.rule, sys_errno=self.sys_errno,
            line=self.line, file=self.file.encode(errors="surrogateescape"),
            field=self.field.encode(), text=self.text.encode())
        line = ctypes.create_string_buffer(_abi.ERROR_TEXT_MAX)
        _function("lockbus_error_text")(ctypes.byref(why), line, len(line))
        return line.value.decode(errors="surrogateescape")


class UsageError(LockbusError):
    """USAGE: fix your program, an argument is wrong."""
    err = Err.USAGE


class ConfigError(LockbusError):
    """CONFIG: fix the file that is named, at that line."""
    err = Err.CONFIG


class BusyError(LockbusError):
    """BUSY: ask again after the next poll."""
    err = Err.BUSY


class OfflineError(LockbusError):
    """OFFLINE: wait, the board or port is being retried."""
    err = Err.OFFLINE


class ProtocolError(LockbusError):
    """PROTOCOL: check the wiring, nonsense on the line."""
    err = Err.PROTOCOL


class IoError(LockbusError):
    """IO: a port, file or disk failed."""
    err = Err.IO


class DeniedError(LockbusError):
    """DENIED: tell the person, `rule` refused."""
    err = Err.DENIED


class CorruptError(LockbusError):
    """CORRUPT: stop and call a human, a record is damaged."""
    err = Err.CORRUPT
    report: _abi.JournalReport | None = None  # of Journal.verify()


class NomemError(LockbusError):
    """NOMEM"""
    err = Err.NOMEM


ERRORS: dict[int, type[LockbusError]] = {
    made.err: made for made in LockbusError.__subclasses__()}


@cache
def library() -> ctypes.CDLL:
    """The shared library: $LOCKBUS_LIBRARY, or the system's of our version.

    Struct layouts belong to a version: another one is refused.
    """
    path = (os.environ.get("LOCKBUS_LIBRARY")
            or f"liblockbus.so.{_abi.VERSION_MAJOR}")
    try:
        lib = ctypes.CDLL(path)
    except OSError as error:
        raise ImportError(
            f"{path} cannot be loaded ({error}); install liblockbus, or set "
            "$LOCKBUS_LIBRARY to the path of liblockbus.so") from error
    lib.lockbus_version.restype = ctypes.c_char_p
    runs = lib.lockbus_version().decode()
    wanted = f"{_abi.VERSION_MAJOR}.{_abi.VERSION_MINOR}."
    if not runs.startswith(wanted):
        raise ImportError(f"liblockbus is {runs}, this binding is for "
                          f"{_abi.VERSION}")
    return lib


@cache
def _function(name: str) -> Any:
    result, params = _abi.FUNCTIONS[name]
    function = getattr(library(), name)
    function.restype = ctypes.c_uint if result is Err else result
    function.argtypes = [kind for _, kind, _ in params]
    return function


def unsigned(value: Any, kind: Any, field: str) -> int:
    """The number, which must fit: ctypes would make door 65536 door 0."""
    number = operator.index(value)
    bits = 8 * ctypes.sizeof(kind)
    if not 0 <= number < 1 << bits:
        raise UsageError(field=field, text=f"{number} is out of range")
    return number


def path_octets(value: Any, field: str) -> bytes:
    """A string or path as C reads it."""
    octets = os.fsencode(value)
    if b"\0" in octets:
        raise UsageError(field=field, text="a zero byte in a string")
    return octets


def _string(value: Any, field: str) -> Any:
    """A copy for C of a string or path."""
    return ctypes.create_string_buffer(path_octets(value, field))


def _octets(value: Any, length: int, field: str) -> Any:
    """A copy for C of bytes; -1: of any number."""
    view = memoryview(value).cast("B")
    if length not in (-1, view.nbytes):
        raise UsageError(field=field, text=f"{length} bytes are wanted, "
                         f"{view.nbytes} were given")
    if view.nbytes == 0:
        return ctypes.create_string_buffer(1)
    return (ctypes.c_char * view.nbytes).from_buffer_copy(view)


def exactly(value: Any, length: int, field: str) -> Any:
    """Bytes of a length that C does not see, or None."""
    return None if value is None else _octets(value, length, field)


def call(name: str, *args: Any) -> Any:
    """Calls a function; `why` is added. Raises unless it returns OK."""
    result, params = _abi.FUNCTIONS[name]
    why = _abi.lockbus_error()
    given = list(args)
    if params and params[-1][0] == "why":
        given.append(ctypes.byref(why))
    if len(given) != len(params):
        raise TypeError(f"{name} takes {len(params)} arguments")
    copies: list[Any] = []
    try:
        for i, (field, kind, octets) in enumerate(params):
            if kind is ctypes.c_char_p and given[i] is not None:
                if not isinstance(given[i], ctypes.Array):
                    given[i] = (_octets(given[i], octets, field) if octets
                                else _string(given[i], field))
                copies.append(given[i])
            elif kind in _UNSIGNED:
                given[i] = unsigned(given[i], kind, field)
        returned = _function(name)(*given)
    finally:
        for copy in copies:  # seeds and codes are among them
            ctypes.memset(copy, 0, ctypes.sizeof(copy))
    if result is Err and returned != Err.OK:
        raise failure(returned, why)
    return returned


def failure(err: int, why: _abi.lockbus_error) -> LockbusError:
    """The exception for what a call returned."""
    made = ERRORS.get(err, LockbusError)
    return made(rule=enum_of(Rule, why.rule), sys_errno=why.sys_errno,
                line=why.line, file=_text(why.file), field=_text(why.field),
                text=_text(why.text))


def text_of(name: str, *values: int) -> str:
    """What one of the library's naming functions says."""
    return _text(call(name, *values))


def enum_of(kind: Any, value: int) -> Any:
    """The enumerator; None for a zero that is none; the number itself when a
    newer library gave one that is not known here."""
    try:
        return kind(value)
    except ValueError:
        return value or None


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _sized(layout: Any) -> bool:
    return layout._fields_[0] == ("size", ctypes.c_uint32)


def make(kind: type) -> Any:
    """An empty struct for a plain value, its size set."""
    layout = _abi.VALUES[kind]
    made = layout()
    if _sized(layout):
        made.size = ctypes.sizeof(layout)
    return made


def _read(kind: Any, value: Any) -> Any:
    if isinstance(value, ctypes.Array):
        if value._type_ is ctypes.c_uint8:
            return bytes(value)
        return tuple(_read(kind, item) for item in value)
    if isinstance(value, ctypes.Structure):
        by_layout = {layout: made for made, layout in _abi.VALUES.items()}
        return from_c(by_layout[type(value)], value)
    if isinstance(value, bytes) or value is None:
        return _text(value)
    return value if kind is None else enum_of(kind, value)


def from_c(kind: type, made: Any) -> Any:
    """The plain value of a struct."""
    layout = type(made).__name__
    return kind(**{
        item.name: _read(_abi.ENUMS.get((layout, item.name)),
                         getattr(made, item.name))
        for item in fields(kind)})


def to_c(value: Any) -> Any:
    """The struct of a plain value."""
    made = make(type(value))
    for name, kind in made._fields_:
        if name == "size" and _sized(type(made)):
            continue
        given = getattr(value, name)
        if kind is ctypes.c_bool:
            setattr(made, name, bool(given))
        elif kind in _UNSIGNED:
            setattr(made, name, unsigned(given or 0, kind, name))
        elif issubclass(kind, ctypes.Array) and kind._type_ is ctypes.c_uint8:
            octets = _octets(given, kind._length_, name)
            setattr(made, name, kind.from_buffer(octets))
        else:
            raise UsageError(field=name, text="it is only read, never given")
    return made


def handle(pointer: Any, what: str) -> Any:
    """The pointer of a handle that must be open."""
    if not pointer:
        raise UsageError(field=what, text="it is closed")
    return pointer
