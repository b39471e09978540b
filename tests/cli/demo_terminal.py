#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""demo_terminal.py DEMO SIM PROFILES WORKDIR: on a terminal the demo draws the
cabinet; space goes on and q ends it with status 0, the terminal restored."""
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time

SECONDS = 30


def start(arguments):
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        os.environ.update(TERM="xterm-256color", LANG="C.UTF-8")
        os.environ.pop("LOCKBUS_DEMO", None)
        os.execv(arguments[0], arguments)
    return pid, terminal


def read_until(terminal, wanted, seen=b""):
    """What came after `wanted`, with what was seen already; all that came up
    to the end when that is None."""
    until = time.monotonic() + SECONDS
    while wanted is None or wanted not in seen:
        left = until - time.monotonic()
        assert left > 0, f"{wanted} did not come: {seen[-2000:]}"
        if not select.select([terminal], [], [], left)[0]:
            continue
        try:
            more = os.read(terminal, 65536)
        except OSError:
            more = b""
        if not more:
            assert wanted is None, f"ended before {wanted}: {seen[-2000:]}"
            break
        seen += more
    return seen if wanted is None else seen.split(wanted, 1)[1]


def main():
    demo, sim, profiles, work = sys.argv[1:]
    page = work + ".html"
    pid, terminal = start([demo, sim, profiles, work, "--html", page])
    seen = read_until(terminal, b"\x1b[?1049h")  # the alternate screen
    # One word each: between words curses may jump instead of a space.
    seen = read_until(terminal, b"RS-485", seen)
    os.write(terminal, b" ")
    seen = read_until(terminal, b"switched", seen)
    os.write(terminal, b"q")
    rest = read_until(terminal, None, seen)
    assert b"\x1b[?1049l" in rest, "the terminal is not restored"
    assert b"stopped by q" in rest, rest[-2000:]
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert not os.path.exists(page), "a page of half a story"


main()
