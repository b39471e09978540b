# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""A program on a terminal of its own: a pty, and pyte as the screen that a
person would see. Waiting is for what appears, with a deadline."""
import errno
import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte

DEADLINE_S = 25  # only ever waited for when something is broken
PIECES_S = 0.03  # a picture comes every 0.1 s
PICTURE_S = 0.3  # no picture takes longer


class Terminal:
    """Runs words on a pty; use it in a with statement.

    With job_control the program runs in a process group of its own, below a
    process that waits for it as a shell does: it can be stopped."""

    def __init__(self, words, rows=24, cols=80, job_control=False, **env):
        self.words, self.rows, self.cols = words, rows, cols
        self.env = {"PATH": os.environ["PATH"], "TERM": "screen",
                    "LC_ALL": "C.UTF-8", **env}
        self.job_control = job_control
        self.raw = bytearray()
        self.reads = 0  # curses writes a frame at once
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.status = None

    def __enter__(self):
        self.master, slave = pty.openpty()
        self.size(self.rows, self.cols)
        self.before = termios.tcgetattr(slave)
        self.slave = slave  # held, so that nothing is lost at the end
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self.child()
            finally:
                os._exit(127)
        return self

    def child(self):
        """Becomes the program, with the pty as its terminal."""
        os.setsid()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(self.slave, fd)
        os.closerange(3, 64)
        if self.job_control:
            self.shell()
        os.execvpe(self.words[0], self.words, self.env)

    def shell(self):
        """The parent that makes stopping possible; its child goes on."""
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        pid = os.fork()
        if pid == 0:
            os.setpgid(0, 0)
            os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            return
        status = os.waitpid(pid, 0)[1]
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)

    def __exit__(self, *unused):
        if self.status is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)

    def size(self, rows, cols):
        """Sets the window's size; the program hears of it."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ,
                    struct.pack("HHHH", rows, cols, 0, 0))

    def resize(self, rows, cols):
        """The same while it runs."""
        self.screen.resize(rows, cols)
        self.size(rows, cols)

    def type(self, keys):
        """Keys, as text."""
        os.write(self.master, keys.encode())

    def group(self):
        """The process group that has the terminal."""
        return os.tcgetpgrp(self.master)

    def stopped(self):
        """Whether the program that has the terminal was stopped. Its last
        output comes before that, and a SIGCONT in between would be lost."""
        with open(f"/proc/{self.group()}/stat", encoding="ascii") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "T"

    def take(self, seconds):
        """What the program wrote, if anything within that time; all of a
        picture, which comes in pieces that follow each other closely."""
        got, end = False, time.monotonic() + seconds + PICTURE_S
        while (self.take_piece(PIECES_S if got else seconds) and
               time.monotonic() < end):
            got = True
        return got

    def take_piece(self, seconds):
        """One piece of it."""
        if not select.select([self.master], [], [], max(0, seconds))[0]:
            return False
        try:
            data = os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self.raw += data
        self.reads += 1
        self.stream.feed(data)
        return bool(data)

    def text(self):
        """The screen's lines, one string."""
        return "\n".join(self.screen.display)

    def until(self, holds, what):
        """Reads on until holds() is true."""
        end = time.monotonic() + DEADLINE_S
        while not holds():
            left = end - time.monotonic()
            if left <= 0:
                raise AssertionError(f"never: {what}\n{self.text()}")
            self.take(min(left, 0.1))

    def shows(self, text):
        """Reads on until the text is on the screen."""
        self.until(lambda: text in self.text(), text)

    def says(self, data):
        """Reads on until these bytes were written."""
        self.until(lambda: data in self.raw, data)

    def ends(self):
        """The exit code, when it has ended, with all that it wrote."""
        end = time.monotonic() + DEADLINE_S
        while self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid != 0:
                self.status = os.waitstatus_to_exitcode(status)
            elif time.monotonic() > end:
                raise AssertionError(f"it does not end\n{self.text()}")
            else:
                self.take(0.05)
        while self.take(0):
            pass
        return self.status

    def restored(self):
        """Whether the terminal's modes are those from before."""
        return termios.tcgetattr(self.slave) == self.before
