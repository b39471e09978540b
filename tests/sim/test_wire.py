#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""The time of the wire, and the simulator as a process."""
import fcntl
import os
import select
import signal
import socket
import subprocess
import tempfile
import termios
import time
import unittest

import simcase
from simcase import Sim, frame

READ_INPUTS = frame("01 02 00 00 00 08")


class Time(unittest.TestCase):
    def test_a_reply_is_never_earlier_than_the_wire_allows(self):
        for baud, quiet in ((9600, 3.5 * 10 / 9600), (115200, 0.00175)):
            # 8 bytes there, 6 back, the silence and the turnaround
            least = 14 * 10 / baud + quiet + 0.002
            with self.subTest(baud), Sim(baud=baud) as sim:
                for _ in range(20):
                    sim.exchange(READ_INPUTS, 6)
                    time.sleep(0.01)
                    start = time.monotonic()
                    os.write(sim.fd, READ_INPUTS)
                    self.assertEqual(len(sim.read(6, 5)), 6)
                    self.assertGreaterEqual(time.monotonic() - start, least)

    def test_a_longer_turnaround_is_kept(self):
        with Sim("--turnaround", "50") as sim:
            sim.open_bus()
            start = time.monotonic()
            sim.exchange(READ_INPUTS, 6)
            self.assertGreaterEqual(time.monotonic() - start, 0.05)

    def test_a_request_without_silence_before_it_is_dropped(self):
        # So slow that a busy machine still talks within the silence.
        with Sim(baud=1200) as sim:
            reply = sim.exchange(READ_INPUTS, 6)
            os.write(sim.fd, READ_INPUTS)
            self.assertEqual(sim.read(1, 0.4), b"")
            self.assertEqual(sim.value("stats", "dropped"), 1)
            self.assertEqual(sim.exchange(READ_INPUTS, 6), reply)
            self.assertEqual(sim.value("stats plain", "dropped"), 1)

    def test_tolerant_boards_forgive_it(self):
        with Sim("--tolerant", baud=9600) as sim:
            reply = sim.exchange(READ_INPUTS, 6)
            os.write(sim.fd, READ_INPUTS)
            self.assertEqual(sim.read(6, 5), reply)
            self.assertEqual(sim.value("stats", "dropped"), 0)

    def test_requests_on_each_other_are_a_crc_error(self):
        with Sim(baud=9600) as sim:
            self.assertTrue(sim.silent(READ_INPUTS + READ_INPUTS))
            self.assertEqual(sim.value("stats", "crc_errors"), 1)

    def test_talking_into_a_reply_spoils_it(self):
        with Sim(baud=2400) as sim:
            read_modes = frame("01 03 10 00 00 08")
            sim.open_bus()
            os.write(sim.fd, read_modes)
            got = sim.read(1, 5)
            os.write(sim.fd, READ_INPUTS)
            got += sim.read(64, 0.4)
            self.assertEqual(len(got), 21)
            self.assertNotEqual(got[-2:], simcase.crc16(got[:-2]))
            self.assertEqual(sim.value("stats", "collisions"), 1)
            self.assertEqual(sim.value("stats", "dropped"), 1)
            self.assertEqual(sim.exchange(READ_INPUTS, 6),
                             frame("01 02 01 FF"))

    def test_a_damaged_request_is_counted_and_not_answered(self):
        with Sim() as sim:
            self.assertTrue(sim.silent(READ_INPUTS[:-1] + b"\0"))
            self.assertEqual(sim.value("stats", "crc_errors"), 1)
            self.assertEqual(sim.value("stats", "requests"), 0)

    def test_a_frame_longer_than_any_is_survived(self):
        with Sim("--tolerant") as sim:
            sim.open_bus()
            for _ in range(4):
                os.write(sim.fd, bytes(200))
            self.assertEqual(sim.read(1, 0.3), b"")
            self.assertEqual(sim.exchange(READ_INPUTS, 6),
                             frame("01 02 01 FF"))


class Process(unittest.TestCase):
    def test_it_says_that_it_is_ready_and_what_there_is(self):
        with Sim() as sim:
            self.assertEqual(sim.ready, "ready buses=1 boards=4 doors=48\n")
            self.assertEqual(
                sim.ask("boards"),
                "ok 4 1=on/1/waveshare-relay-d-8ch "
                "2=on/2/waveshare-relay-d-8ch 3=on/3/xunming-lock-16ch "
                "4=on/4/xunming-lock-16ch")

    def test_signals_and_quit_end_it_and_remove_its_files(self):
        for number in (signal.SIGTERM, signal.SIGINT, None):
            with self.subTest(number), Sim() as sim:
                self.assertTrue(os.path.islink(sim.link))
                if number is None:
                    self.assertEqual(sim.ask("quit"), "ok")
                    self.assertEqual(sim.stop(signal.SIGCONT), 0)
                else:
                    self.assertEqual(sim.stop(number), 0)
                self.assertEqual(sorted(os.listdir(sim.tmp.name)),
                                 ["cabinet.ini"])

    def test_a_host_may_come_and_go(self):
        with Sim("--fast") as sim:
            for _ in range(3):
                self.assertEqual(sim.exchange(READ_INPUTS, 6),
                                 frame("01 02 01 FF"))
                sim.close_bus()

    def test_a_new_host_finds_no_reply_to_the_last_one(self):
        with Sim("--fast") as sim:
            sim.open_bus()
            os.write(sim.fd, READ_INPUTS)
            select.select([sim.fd], [], [], 5)
            sim.close_bus()
            time.sleep(0.1)
            sim.open_bus()
            self.assertEqual(sim.read(1, 0.05), b"")

    def test_an_exclusive_host_leaves_the_port_to_the_next(self):
        with Sim("--fast") as sim:
            sim.open_bus()
            with open(sim.link, "rb", buffering=0) as other:
                fcntl.ioctl(sim.fd, termios.TIOCEXCL)
                self.assertNotEqual(self.exclusive(other), bytes(4))
                sim.close_bus()
                end = time.monotonic() + 5
                while self.exclusive(other) != bytes(4):
                    self.assertLess(time.monotonic(), end)
                    time.sleep(0.01)

    @staticmethod
    def exclusive(port):
        """TIOCGEXCL, which Python's termios does not name."""
        state = bytearray(4)
        fcntl.ioctl(port.fileno(), 0x80045440, state)
        return bytes(state)

    def test_bad_commands_are_errors_and_change_nothing(self):
        bad = ["", "open", "board", "board 9 on", "board 1 up", "door",
               "door Z01 force", "door A01 kick", "sensor A01 wet",
               "state Z01", "stats nowhere", "board 1 mode 0 1",
               "board 1 mode 1 4", "reset now", "open? " + "x " * 20]
        with Sim("--fast") as sim:
            for command in bad:
                with self.subTest(command):
                    self.assertTrue(sim.ask(command).startswith("error "))
            self.assertEqual(sim.ask("open?"), "ok 0")

    def test_an_endless_command_is_cut_off_not_others(self):
        with Sim("--fast") as sim:
            other = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            other.settimeout(5)
            other.connect(os.path.join(sim.tmp.name, "control"))
            other.sendall(b"x" * 256)
            self.assertEqual(other.recv(10), b"")
            other.close()
            self.assertEqual(sim.ask("open?"), "ok 0")

    def test_wrong_command_lines_are_refused(self):
        exe = simcase.ARGUMENTS[0]
        for args in ([], ["a", "b"], ["--what", "a"], ["--jitter", "x", "a"],
                     ["--seed", "-1", "a"]):
            with self.subTest(args):
                done = subprocess.run([exe] + args, capture_output=True,
                                      check=False)
                self.assertEqual(done.returncode, 2)
                self.assertIn(b"usage:", done.stderr)

    def run_on(self, text):
        with tempfile.TemporaryDirectory() as folder:
            ini = os.path.join(folder, "cabinet.ini")
            with open(ini, "w", encoding="utf-8") as out:
                out.write(text.format(dir=folder, shut_is=1, baud=9600,
                                      profiles=simcase.ARGUMENTS[1]))
            bus = os.path.join(folder, "bus")
            if "# occupied" in text:
                with open(bus, "w", encoding="utf-8"):
                    pass
            done = subprocess.run([simcase.ARGUMENTS[0], ini],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.stdout, "")
            return done.returncode, done.stderr

    def test_a_cabinet_that_cannot_be_simulated_is_refused(self):
        nothing = simcase.CABINET.replace("pty:{dir}/bus",
                                          "path:/dev/ttyS0")
        status, said = self.run_on(nothing)
        self.assertEqual(status, 1)
        self.assertIn("no bus has a pty: port", said)
        unknown = simcase.CABINET.replace("xunming-lock-16ch", "no-such")
        self.assertEqual(self.run_on(unknown)[0], 1)

    def test_a_file_in_the_way_is_not_replaced(self):
        status, said = self.run_on(
            simcase.CABINET.replace("[cabinet]", "; # occupied\n[cabinet]"))
        self.assertEqual(status, 1)
        self.assertIn("File exists", said)


if __name__ == "__main__":
    simcase.main()
