#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""`lockbus scan` and `lockbus bench` on simulated boards, and on a pseudo
terminal that notes every byte they send."""
import fcntl
import json
import os
import pty
import select
import subprocess
import threading
import tty
import unittest

import simcase
from simcase import Sim, crc16, frame

WAVESHARE = "waveshare-relay-d-8ch"


def tool(*args, seconds=60):
    """The tool's exit status, its output and its complaints."""
    done = subprocess.run([simcase.ARGUMENTS[2], *args], capture_output=True,
                          text=True, check=False, timeout=seconds)
    return done.returncode, done.stdout, done.stderr


def scan(link, *args):
    return tool("scan", "pty:" + link, "--baud", "115200,8N1", "--profiles",
                simcase.ARGUMENTS[1], *args)


def rows(link, *args):
    """The rows by address, and the exit status."""
    status, out, err = scan(link, "--json", *args)
    if err:
        raise AssertionError(err)
    return {row["address"]: row for row in json.loads(out)}, status


class Noting:
    """A board at `address` that answers FC02 of one input and no other
    question, behind a terminal that notes all requests."""

    def __init__(self, address):
        self.address, self.requests = address, []
        self.ours, self.theirs = pty.openpty()
        tty.setraw(self.theirs)
        self.link = os.ttyname(self.theirs)
        self.stopped, self.stop = os.pipe()
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        os.write(self.stop, b"x")
        self.thread.join()
        for fd in (self.ours, self.theirs, self.stopped, self.stop):
            os.close(fd)

    def run(self):
        heard = b""
        while True:
            ready = select.select([self.ours, self.stopped], [], [])[0]
            if self.stopped in ready:
                return
            heard += os.read(self.ours, 256)
            while len(heard) >= 8:
                request, heard = heard[:8], heard[8:]
                self.requests.append(request)
                if request[:2] == bytes([self.address, 2]):
                    data = bytes([self.address, 2, 1, 1])
                    os.write(self.ours, data + crc16(data))


class Scan(unittest.TestCase):
    def test_boards_and_their_profiles_are_found(self):
        with Sim() as sim:
            found, status = rows(sim.link, "--to", "6", "--wait", "30")
            self.assertEqual(status, 0)
            self.assertEqual(sorted(found), [1, 2, 3, 4])
            for address, row in found.items():
                fits = [fit["name"] for fit in row["profiles"]]
                self.assertIn(WAVESHARE if address < 3 else
                              "xunming-lock-16ch", fits)
                self.assertNotEqual(address > 2, WAVESHARE in fits)
                self.assertEqual((row["verdict"], row["clean"]),
                                 ("one board", 8))
            status, out, _ = scan(sim.link, "--to", "2", "--wait", "30")
            self.assertEqual(status, 0)
            self.assertRegex(out, r"(?m)^ +1 +8 of 8 .* waveshare-relay-d-8ch "
                             r"\(\d+ less certain\)$")
            self.assertRegex(out, r"(?m)^2 addresses asked at 115200,8N1, 2 answer$")

    def test_nothing_is_sent_but_reads_to_one_board_at_a_time(self):
        with Noting(5) as board:
            found, _ = rows(board.link, "--from", "4", "--to", "6", "--wait",
                            "20")
            self.assertEqual(list(found), [5])
            asked = board.requests
        self.assertEqual({request[0] for request in asked}, {4, 5, 6})
        for request in asked:
            self.assertEqual(crc16(request[:6]), request[6:])
            self.assertIn(request[1], (1, 2, 3, 4))

    def test_two_boards_of_one_address_are_told_from_silence(self):
        with Sim() as sim:
            sim.exchange(frame("02 06 40 00 00 01"))
            sim.close_bus()
            found, status = rows(sim.link, "--to", "3", "--wait", "30")
            self.assertEqual(status, 1)
            self.assertEqual(sorted(found), [1, 3])
            self.assertEqual(found[1]["verdict"], "several boards")
            self.assertEqual((found[1]["clean"], found[1]["silent"]), (0, 0))
            _, out, _ = scan(sim.link, "--to", "1", "--wait", "30")
            self.assertIn("two boards of this address?", out)

    def test_a_bad_contact_is_told_from_two_boards(self):
        with Sim() as sim:
            sim.ask("board 1 corrupt 2")
            found, status = rows(sim.link, "--to", "1", "--wait", "30")
            self.assertEqual(status, 1)
            self.assertEqual(found[1]["verdict"], "unsteady")

    def test_a_late_reply_is_no_answer_of_the_next_address(self):
        with Sim() as sim:
            sim.ask("board 1 late 150")
            for number in (2, 3, 4):
                sim.ask(f"board {number} off")
            status, out, _ = scan(sim.link, "--to", "3", "--wait", "40")
            self.assertEqual(status, 1)
            self.assertRegex(out, r"(?m)^ +1  spoke \d+ times? when others .* "
                             r"late \(try --wait")
            self.assertNotIn("two boards", out)
            sim.ask("board 1 sound")
            sim.ask("board 1 late 50")
            found, _ = rows(sim.link, "--to", "1", "--wait", "400")
            self.assertEqual(found[1]["verdict"], "one board")

    def test_frames_of_another_address_are_named(self):
        with Sim() as sim:
            sim.ask("board 1 foreign 2")
            found, status = rows(sim.link, "--to", "1", "--wait", "40")
            self.assertEqual(status, 1)
            self.assertEqual(found[2]["verdict"], "unasked")
            _, out, _ = tool("bench", "pty:" + sim.link, "--baud",
                             "115200,8N1", "--address", "1", "--seconds", "1")
            self.assertRegex(out, "0 silent, 0 damaged, 0 foreign")
            sim.ask("board 1 foreign")
            _, out, _ = tool("bench", "pty:" + sim.link, "--baud",
                             "115200,8N1", "--address", "1", "--seconds", "1")
            self.assertRegex(out, r"0 silent, 0 damaged, [1-9]\d* foreign")
            self.assertIn("--fc", out)

    def test_an_echo_is_nobody(self):
        with Sim() as sim:
            sim.ask("bus plain echo on")
            found, status = rows(sim.link, "--from", "4", "--to", "6",
                                 "--wait", "30")
            self.assertEqual((list(found), status), ([4], 0))
            self.assertEqual(found[4]["verdict"], "one board")

    def test_silence_is_a_failure(self):
        with Sim() as sim:
            status, out, _ = scan(sim.link, "--from", "20", "--to", "21",
                                  "--wait", "20")
            self.assertEqual(status, 1)
            self.assertIn("2 addresses asked at 115200,8N1, 0 answer", out)

    def test_a_port_in_use_is_left_alone(self):
        with Noting(5) as board:
            with open(board.link, "rb", buffering=0) as held:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                status, out, err = scan(board.link, "--to", "3")
            self.assertEqual((status, out, board.requests), (1, "", []))
            self.assertIn(board.link, err)

    def test_addresses_of_several_boards_are_refused(self):
        for bad in (["--from", "0"], ["--to", "248"], ["--wait", "0"],
                    ["--from", "9", "--to", "8"], ["--baud", "9600,7N1"]):
            status, out, err = scan("/no/such", *bad)
            self.assertEqual((status, out), (2, ""), bad)
            self.assertIn(bad[0], err)

    def test_a_folder_without_profiles_is_named(self):
        status, _, err = tool("scan", "pty:/no/such", "--profiles", "/dev")
        self.assertEqual(status, 1)
        self.assertIn("/dev: ", err)


class Bench(unittest.TestCase):
    def bench(self, link, *args):
        return tool("bench", "pty:" + link, "--baud", "115200,8N1",
                    "--seconds", "1", *args)

    def test_reads_and_errors_are_counted(self):
        with Sim() as sim:
            status, out, err = self.bench(sim.link, "--address", "1")
            self.assertEqual((status, err), (0, ""))
            self.assertRegex(out, r"(?m)^reads +(\d+) in [\d.]+ s; \1 replies")
            self.assertRegex(out, r"0 silent, 0 damaged, 0 foreign; 0 requ")
            self.assertRegex(out, r"(?m)^round trip +p50 \d+\.\d\d ms, p90 ")
            self.assertRegex(out, r"ratio \d+\.\d{3}")
            sim.ask("board 1 corrupt 3")
            _, out, _ = self.bench(sim.link, "--address", "1")
            self.assertRegex(out, r"0 silent, [1-3] damaged|[1-3] foreign")

    def test_silence_is_a_failure_and_has_no_times(self):
        with Sim() as sim:
            status, out, _ = self.bench(sim.link, "--address", "77")
            self.assertEqual(status, 1)
            self.assertRegex(out, r"0 replies")
            self.assertNotIn("round trip", out)

    def test_only_reads_of_one_board_are_sent(self):
        with Noting(5) as board:
            status, _, _ = self.bench(board.link, "--address", "5", "--count",
                                      "1")
            self.assertEqual(status, 0)
            self.assertEqual({request[:2] for request in board.requests},
                             {b"\x05\x02"})
            for bad in (["--fc", "5"], ["--fc", "0"], ["--count", "0"],
                        ["--first", "65535", "--count", "2"],
                        ["--address", "0"], ["--address", "248"]):
                full = bad if "--address" in bad else bad + ["--address", "1"]
                status, out, err = self.bench(board.link, *full)
                self.assertEqual((status, out), (2, ""), bad)
                self.assertIn(bad[0], err)


if __name__ == "__main__":
    simcase.main(3)
