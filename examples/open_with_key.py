#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Opens one door with the parcel's own key and says what came of it; the
same as open_with_key.c.

    open_with_key.py cabinet.ini A07 release.key
"""
import select
import sys
import time

import lockbus
from lockbus import EventKind, ProofKind

GIVE_UP_S = 60


def turns(cabinet):
    """Everything that happens, until it has gone on for too long. None: it
    was waited for something."""
    wait = select.poll()
    wait.register(cabinet, select.POLLIN)
    end = time.monotonic() + GIVE_UP_S
    while time.monotonic() < end:
        cabinet.poll(lockbus.boottime_us())
        yield from cabinet.events()
        yield None
        wait.poll(cabinet.timeout_ms(lockbus.boottime_us()))


def open_door(cabinet, label, seed):
    """True when it opened (UNCONFIRMED: nothing can see the leaf)."""
    for _ in turns(cabinet):  # before each board answered, asks are refused
        info = cabinet.info()
        if info.boards_present == info.boards:
            break
    ticket = cabinet.open_with_key(cabinet.find(label), ProofKind.RELEASE,
                                   seed)
    for event in turns(cabinet):
        if event is None or event.ticket != ticket:
            continue
        print(event.label, event.kind.name, event.text)
        if lockbus.event_ends(event):
            return event.kind in (EventKind.OPENED, EventKind.UNCONFIRMED)
    return False


def main():
    """The command line."""
    if len(sys.argv) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    config, label, path = sys.argv[1:]
    try:
        with (lockbus.key_load(path).signer as signer,
              lockbus.Cabinet.open(config) as cabinet):
            return 0 if open_door(cabinet, label, signer.seed) else 1
    except lockbus.LockbusError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
