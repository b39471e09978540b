# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Traces, as tshark reads them without any setting, against what the simulator
says was on the wire. argv: LOCKBUS LOCKBUS-SIM PROFILES."""
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
import tty
import unittest

from benchcase import Bench, doors_of

TOOL, SIM, PROFILES = map(os.path.abspath, sys.argv[1:4])
DEADLINE_S = 25  # only ever waited for when something is broken


def frame(digits):
    """'01 05 ...' with its check sum, as bytes."""
    data, crc = bytes.fromhex(digits), 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return data + crc.to_bytes(2, "little")


def text(path):
    """What a file holds by now."""
    with open(path, encoding="ascii") as file:
        return file.read()


class Packet:
    """One packet as tshark dissects it."""

    def __init__(self, layers):
        self.modbus = "mbrtu" in layers
        raw = layers["mbrtu_raw" if self.modbus else "data_raw"][0]
        # The function code and its data are a layer of their own.
        self.bytes = bytes.fromhex(raw)
        self.at = float(layers["frame"]["frame.time_epoch"])
        self.function = int(layers["modbus"]["modbus.func_code"]) if \
            "modbus" in layers else None
        self.exception = "modbus.exception_code" in layers.get("modbus", {})
        flags = int(layers["frame"]["frame.packet_flags"], 0)
        self.way = flags & 3
        self.damaged = bool(flags & 1 << 24)
        self.line = layers["frame"]["frame.interface_id_tree"][
            "frame.interface_name"]


def read(path, *options):
    """All packets, with nothing set in Wireshark."""
    done = subprocess.run(
        ["tshark", "-r", path, "-T", "json", "-x", *options],
        env={**os.environ, "HOME": os.path.dirname(path), "TZ": "UTC"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    if "cut short" in done.stderr or "malformed" in done.stdout.lower():
        raise AssertionError(done.stderr)
    return [Packet(one["_source"]["layers"])
            for one in json.loads(done.stdout)]


def infos(path, *options):
    """The Info column."""
    return subprocess.run(
        ["tshark", "-r", path, "-T", "fields", "-e", "_ws.col.Info", *options],
        env={**os.environ, "HOME": os.path.dirname(path)},
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        check=True).stdout.splitlines()


class Host(unittest.TestCase):
    """The host itself traces."""

    def test_every_frame_is_there_as_the_wire_had_it(self):
        bench = Bench(TOOL, SIM, PROFILES, doors_of(2))
        self.addCleanup(bench.close)
        frames = os.path.join(bench.folder, "frames")
        story = os.path.join(bench.folder, "log")
        bench.sim_options = ("--frames", frames, "--log", story)
        bench.open()
        path = os.path.join(bench.folder, "bus.pcapng")
        began = time.time()
        with subprocess.Popen([TOOL, "watch", bench.config, "--plain",
                               "--trace", path], text=True,
                              stdout=subprocess.PIPE) as watch:
            # The doors are listed when every board was found.
            while "B08" not in watch.stdout.readline():
                pass
            for fault in ("corrupt 1", "silent 1", "exception 1", "stray 3 1",
                          "late 60 1"):
                bench.ask(f"board 1 {fault}")
                struck = f"board 1's reply {fault.split()[0]}"
                self.until(lambda: struck in text(story))
            seen = len(text(frames))
            self.until(lambda: len(text(frames)) > seen + 1000)
            watch.send_signal(signal.SIGTERM)
            self.assertEqual(watch.wait(DEADLINE_S), 0)
        ended = time.time()
        bench.ask("stats")  # all that was on the wire is in the file now
        self.check(frames, path, began, ended)

    def until(self, done):
        end = time.monotonic() + DEADLINE_S
        while not done():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def check(self, frames, path, began, ended):
        wire = [line.split() for line in text(frames).splitlines()]
        packets = read(path)
        # What one end calls noise before a frame the other calls one frame:
        # the bytes and their order are what must agree, for each side.
        for way, end in ((2, "host"), (1, "board")):
            self.assertEqual(
                b"".join(p.bytes for p in packets if p.way == way).hex(),
                "".join(line[1] for line in wire if line[0] == end))
        whole = {line[1] for line in wire}
        self.assertEqual([p.bytes.hex() for p in packets
                          if p.modbus and not p.damaged and
                          p.bytes.hex() not in whole and
                          not any(w.endswith(p.bytes.hex()) for w in whole)],
                         [])
        for packet in packets:
            if packet.modbus:
                self.assertEqual(packet.function, packet.bytes[1] & 0x7F)
            self.assertEqual(packet.line, "main")
        self.assertEqual(sum(p.exception for p in packets), 1)
        self.assertEqual([p.bytes[1:] for p in packets if p.exception],
                         [p.bytes[1:] for p in packets
                          if p.way == 1 and p.modbus and len(p.bytes) == 5])
        self.assertGreaterEqual(
            sum(p.damaged or not p.modbus for p in packets), 2)
        # A request without its reply: two in a row from the host.
        ways = [p.way for p in packets]
        self.assertIn((2, 2), list(zip(ways, ways[1:])))
        stamps = [p.at for p in packets]
        self.assertEqual(stamps, sorted(stamps))
        self.assertGreater(stamps[0], began - 1)
        self.assertLess(stamps[-1], ended + 1)

    def test_a_trace_that_exists_is_named(self):
        bench = Bench(TOOL, SIM, PROFILES, doors_of(1))
        self.addCleanup(bench.close)
        bench.open()
        with self.assertRaisesRegex(RuntimeError, "cabinet.ini: file: exists"):
            bench.run("watch", "cabinet.ini", "--once", "--trace",
                      "cabinet.ini")


class Listening(unittest.TestCase):
    """lockbus trace on a line of its own."""

    def setUp(self):
        self.bench = Bench(TOOL, SIM, PROFILES, "")
        self.addCleanup(self.bench.close)
        self.master, slave = pty.openpty()
        self.addCleanup(os.close, self.master)
        self.addCleanup(os.close, slave)
        tty.setraw(self.master)
        self.port = "pty:" + os.ttyname(slave)
        self.path = os.path.join(self.bench.folder, "bus.pcapng")

    def listen(self, *words):
        """Listens already: it says so when the port is open."""
        process = subprocess.Popen(
            [TOOL, "trace", self.port, "-o", self.path, *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertIn("listening on", process.stderr.readline())
        return process

    def holds(self, count):
        """The file has so many packets."""
        end = time.monotonic() + DEADLINE_S
        while True:
            size = os.path.getsize(self.path)
            packets = read(self.path) if size > 100 else []
            if len(packets) >= count:
                return packets
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def ends(self, process):
        """By a signal; what it said."""
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=DEADLINE_S)[1]
        return process.returncode, said

    STORY = [frame("010200000008"), frame("01020100"),
             frame("010200000008"), frame("018204"),
             frame("01050003ff00"), frame("01050003ff00"),
             frame("020f0000000801ff"), frame("020f00000008"),
             frame("010200000008")]

    def test_what_passes_is_cut_into_frames_and_nothing_is_sent(self):
        process = self.listen("--baud", "19200,8N1")
        for part in self.STORY:
            os.write(self.master, part)
        os.write(self.master, b"\x01\x02\x01\x00\x12\x34")  # damaged
        packets = self.holds(len(self.STORY))
        status, said = self.ends(process)
        self.assertEqual(status, 0)
        self.assertIn("5 requests, 4 replies, 1 damaged, 0 stray bytes", said)
        self.assertEqual(select.select([self.master], [], [], 0)[0], [])
        packets = read(self.path)
        self.assertEqual([p.bytes for p in packets[:-1]], self.STORY)
        self.assertEqual([p.function for p in packets],
                         [2, 2, 2, 2, 5, 5, 15, 15, 2, 2])
        self.assertEqual([p.damaged for p in packets], [False] * 9 + [True])
        self.assertEqual([p.exception for p in packets[:4]],
                         [False, False, False, True])
        # What docs/trace.md says of writes.
        with_port = infos(self.path, "-o", "mbrtu.tcp.port:502")
        self.assertRegex(with_port[4], "Query: .*Write Single Coil")
        self.assertRegex(with_port[5], "Response: .*Write Single Coil")
        checked = infos(self.path, "-o", "mbrtu.crc_verification:TRUE", "-Y",
                        "mbrtu.crc16.status == 0")
        self.assertEqual(len(checked), 1)
        self.assertEqual(len(infos(self.path, "-Y",
                                   "frame.packet_flags_crc_error == 1")), 1)

    def test_a_pipe_gets_it_live(self):
        self.path = "-"
        process = self.listen()
        os.write(self.master, self.STORY[0])
        got = b""
        while self.STORY[0] not in got:
            self.assertTrue(select.select([process.stdout], [], [],
                                          DEADLINE_S)[0])
            got += os.read(process.stdout.fileno(), 65536)
        self.assertEqual(self.ends(process)[0], 0)

    def test_what_is_no_line_is_refused_by_name(self):
        for port, words, status in (("tcp:127.0.0.1:502", "tcp:", 2),
                                    ("pty:/no/such", "/no/such", 1),
                                    ("somewhere", "a port is usb:", 1)):
            done = subprocess.run([TOOL, "trace", port, "-o", self.path],
                                  stderr=subprocess.PIPE, text=True,
                                  check=False)
            self.assertEqual(done.returncode, status)
            self.assertIn(words, done.stderr)
            self.assertFalse(os.path.exists(self.path))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], failfast=True)
