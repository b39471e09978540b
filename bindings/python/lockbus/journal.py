# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""lockbus/journal.h: reading a cabinet's journal."""
from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import TracebackType

from . import _abi
from ._abi import Entry, JournalReport
from ._call import CorruptError, call, exactly, from_c, handle, make
from .cabinet import Bytes, Path


class Journal:
    """An iterator over a journal's entries. CorruptError ends it at the first
    block that is not valid; what came before it is."""

    def __init__(self, folder: Path, root_key: Bytes | None = None) -> None:
        self._journal = ctypes.POINTER(_abi.lockbus_journal)()
        call("lockbus_journal_open", ctypes.byref(self._journal), folder,
             exactly(root_key, 32, "root_key"))

    def close(self) -> None:
        """Ends the handle; may be repeated."""
        call("lockbus_journal_close", ctypes.byref(self._journal))

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __iter__(self) -> Iterator[Entry]:
        return self

    def __next__(self) -> Entry:
        entry = make(Entry)
        call("lockbus_journal_next", handle(self._journal, "journal"),
             ctypes.byref(entry))
        if entry.kind == 0:
            raise StopIteration
        return from_c(Entry, entry)

    @staticmethod
    def verify(folder: Path, root_key: Bytes | None = None) -> JournalReport:
        """Checks a whole journal. A CorruptError carries the report, if there
        is a journal at all."""
        report = make(JournalReport)
        before = bytes(report)
        try:
            call("lockbus_journal_verify", folder,
                 exactly(root_key, 32, "root_key"), ctypes.byref(report))
        except CorruptError as error:
            if bytes(report) != before:
                error.report = from_c(JournalReport, report)
            raise
        return from_c(JournalReport, report)

    @staticmethod
    def holds(folder: Path, block: int, digest: Bytes) -> None:
        """CorruptError unless the block that an earlier report named is still
        there."""
        call("lockbus_journal_holds", folder, block, digest)
