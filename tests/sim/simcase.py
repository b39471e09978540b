# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Starts lockbus-sim for a test and talks to it: its pty as plain bytes, its
control socket as questions. argv of every test: SIMULATOR PROFILES,
and whatever else it wants."""
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import time
import tty
import unittest

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "support"))
import one_case  # noqa: E402

CABINET = """[cabinet]
name = simulated
journal = {dir}/journal
manifest = {dir}/manifest.lbm
profiles = {profiles}
[lock]
pulse_ms = 500
rest_ms = 15000
at_once = 2
shut_is = {shut_is}
[bus.plain]
port = pty:{dir}/bus
baud = {baud} 8N1
[boards]
1 = plain 1 waveshare-relay-d-8ch
2 = plain 2 waveshare-relay-d-8ch
3 = plain 3 xunming-lock-16ch
4 = plain 4 xunming-lock-16ch
[doors]
A01-A08 = 0-7 1:1-8 size=M
B01-B08 = 8-15 2:1-8 size=M
C01-C16 = 16-31 3:1-16 size=S
D01-D16 = 32-47 4:1-16 size=S
"""

# One board of each other kind; a second for the R421, which counts them.
OTHERS = CABINET[:CABINET.index("[bus.plain]")].replace("= 500", "= 1000") + """\
[bus.plain]
port = pty:{dir}/bus
baud = {baud} 8N1
timed_by = host
[boards]
1 = plain 1 r421a08-relay-8ch
2 = plain 2 lctech-relay-8ch
3 = plain 3 iobox-level-16ch
4 = plain 4 tequ-lock-level-1ch
5 = plain 5 waveshare-relay-32ch
[doors]
A01-A08 = 0-7 1:1-8 sensor=none assume_open_s=9
B01-B08 = 8-15 2:1-8
C01-C16 = 16-31 3:1-16 sensor=none assume_open_s=9
D01 = 32 4:1 sensor=none assume_open_s=9
E01-E32 = 33-64 5:1-32 sensor=none assume_open_s=9
"""


def crc16(data):
    """Modbus CRC, bit by bit, as the bytes that follow the data."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def frame(text):
    """'01 05 ...' without its CRC, to whole bytes."""
    data = bytes.fromhex(text)
    return data + crc16(data)


class Sim:
    """A running simulator; use it in a with statement."""

    def __init__(self, *options, baud=115200, shut_is=1, cabinet=CABINET):
        self.exe, self.profiles = ARGUMENTS[:2]
        self.options = options
        self.baud, self.shut_is, self.cabinet = baud, shut_is, cabinet
        self.tmp = tempfile.TemporaryDirectory(prefix="lockbus-sim-")
        self.link = os.path.join(self.tmp.name, "bus")
        self.fd = -1

    def __enter__(self):
        ini = os.path.join(self.tmp.name, "cabinet.ini")
        with open(ini, "w", encoding="utf-8") as out:
            out.write(self.cabinet.format(dir=self.tmp.name, baud=self.baud,
                                          profiles=self.profiles,
                                          shut_is=self.shut_is))
        path = os.path.join(self.tmp.name, "control")
        self.proc = subprocess.Popen(
            [self.exe, "--control", path, *self.options, ini],
            stdout=subprocess.PIPE, text=True)
        self.ready = self.proc.stdout.readline()
        if not self.ready.startswith("ready "):
            self.proc.kill()
            raise AssertionError("lockbus-sim is not ready")
        self.control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.control.connect(path)
        self.answers = self.control.makefile()
        return self

    def __exit__(self, *exc):
        self.close_bus()
        self.answers.close()
        self.control.close()
        self.stop(signal.SIGTERM)
        self.tmp.cleanup()

    def stop(self, number):
        """Ends it; its exit status."""
        if self.proc.poll() is None:
            self.proc.send_signal(number)
        status = self.proc.wait(timeout=20)
        self.proc.stdout.close()
        return status

    def ask(self, command):
        """One command's answer line."""
        self.control.sendall(command.encode() + b"\n")
        return self.answers.readline().rstrip("\n")

    def value(self, command, key):
        """The number after key= in an answer."""
        for word in self.ask(command).split():
            if word.startswith(key + "="):
                return int(word[len(key) + 1:])
        raise AssertionError(f"{command} does not say {key}")

    def until(self, command, wanted, seconds=10):
        """Asks until the answer is the wanted one."""
        end = time.monotonic() + seconds
        while (got := self.ask(command)) != wanted:
            if time.monotonic() > end:
                raise AssertionError(f"{command}: {got}, not {wanted}")
            time.sleep(0.01)

    def open_bus(self):
        """The host's end, as raw bytes."""
        self.fd = os.open(self.link, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        tty.setraw(self.fd, termios.TCSANOW)

    def close_bus(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def read(self, count, seconds):
        """What arrives, until count bytes are there or time is up."""
        got, end = b"", time.monotonic() + seconds
        while len(got) < count:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                break
            got += os.read(self.fd, 256)
        return got

    def exchange(self, request, count=8, seconds=5.0):
        """Keeps the silence, sends a whole frame, reads the reply."""
        if self.fd < 0:
            self.open_bus()
        time.sleep(max(0.006, 40 / self.baud))
        os.write(self.fd, request)
        return self.read(count, seconds)

    def silent(self, request):
        """Whether nothing answers within 100 ms."""
        return self.exchange(request, 1, 0.1) == b""


ARGUMENTS = []


def main(own=2):
    """Takes the test's own arguments off, runs its cases."""
    ARGUMENTS[:] = sys.argv[1:1 + own]
    unittest.main(failfast=True, argv=[sys.argv[0]] + sys.argv[1 + own:])
