#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Faults on command, as a master sees them on the wire; scripts and logs."""
import os
import re
import select
import subprocess
import tempfile
import time
import unittest

import simcase
from simcase import Sim, crc16, frame

READ = frame("01 02 00 00 00 08")  # eight inputs of board 1
READ_2 = frame("02 02 00 00 00 08")
PULSE = frame("01 05 02 00 00 05")  # A01 for 500 ms
SHUT = frame("01 02 01 FF")


def bits_that_differ(one, other):
    return sum(bin(a ^ b).count("1") for a, b in zip(one, other))


class Faults(unittest.TestCase):
    def test_a_silent_board_has_acted(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.ask("board 1 silent 1"), "ok")
            self.assertTrue(sim.silent(PULSE))
            sim.until("opened?", "ok 1 A01")
            self.assertEqual(sim.exchange(READ, 6), frame("01 02 01 FE"))

    def test_a_fault_of_writes_leaves_readings_alone(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.ask("board 1 silent writes 1"), "ok")
            self.assertEqual(sim.exchange(READ, 6), SHUT)
            self.assertTrue(sim.silent(PULSE))
            self.assertEqual(sim.exchange(PULSE), PULSE)

    def test_silence_ends_when_the_board_is_sound(self):
        with Sim("--fast") as sim:
            sim.ask("board 1 silent")
            self.assertTrue(sim.silent(READ))
            self.assertTrue(sim.silent(READ))
            self.assertEqual(sim.exchange(READ_2, 6), frame("02 02 01 FF"))
            self.assertEqual(sim.ask("board 1 sound"), "ok")
            self.assertEqual(sim.exchange(READ, 6), SHUT)

    def test_a_late_reply_comes_when_another_was_asked(self):
        with Sim("--fast", "--turnaround", "1") as sim:
            sim.ask("board 1 late 200 1")
            self.assertTrue(sim.silent(READ))
            self.assertEqual(sim.exchange(READ_2, 6), frame("02 02 01 FF"))
            self.assertEqual(sim.read(6, 5), SHUT)

    def test_a_late_reply_waits_its_time(self):
        with Sim("--fast") as sim:
            sim.ask("board 1 late 300 1")
            start = time.monotonic()
            self.assertEqual(sim.exchange(READ, 6), SHUT)
            self.assertGreaterEqual(time.monotonic() - start, 0.3)

    def test_a_corrupt_reply_has_one_bit_turned(self):
        with Sim("--fast") as sim:
            sim.ask("board 1 corrupt 20")
            for _ in range(20):
                reply = sim.exchange(READ, 6)
                self.assertEqual(bits_that_differ(reply, SHUT), 1)
            self.assertEqual(sim.exchange(READ, 6), SHUT)

    def test_a_foreign_reply_bears_another_address_and_a_good_sum(self):
        with Sim("--fast") as sim:
            sim.ask("board 1 foreign 1")
            reply = sim.exchange(READ, 6)
            self.assertEqual(reply, frame("02 02 01 FF"))
            self.assertEqual(crc16(reply[:-2]), reply[-2:])

    def test_stray_bytes_come_before_the_reply(self):
        with Sim("--fast") as sim:
            sim.ask("board 1 stray 3 1")
            reply = sim.exchange(READ, 9)
            self.assertEqual(reply[3:], SHUT)

    def test_an_echoing_adapter_gives_back_what_it_sends(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.ask("bus plain echo on"), "ok")
            self.assertEqual(sim.exchange(READ, 14), READ + SHUT)
            sim.ask("bus plain echo off")
            self.assertEqual(sim.exchange(READ, 6), SHUT)

    def test_a_share_of_the_replies_depends_on_the_seed_alone(self):
        def story(seed):
            with Sim("--fast", "--seed", seed) as sim:
                sim.ask("board 1 stray 1 30%")
                return [len(sim.exchange(READ, 7, 0.3)) for _ in range(40)]
        first = story("7")
        self.assertEqual(story("7"), first)
        self.assertNotEqual(story("8"), first)
        self.assertIn(7, first)
        self.assertIn(6, first)

    def test_a_contact_bounces_and_then_holds(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.ask("sensor A01 bounce 300"), "ok")
            sim.ask("door A01 force")
            seen = {sim.exchange(READ, 6)[3] for _ in range(40)}
            self.assertEqual(seen, {0xFF, 0xFE})
            time.sleep(0.2)
            self.assertEqual({sim.exchange(READ, 6)[3] for _ in range(20)},
                             {0xFE})

    def test_an_unplugged_adapter_hangs_up_and_comes_back(self):
        with Sim("--fast") as sim:
            self.assertEqual(sim.exchange(READ, 6), SHUT)
            poll = select.poll()
            poll.register(sim.fd, select.POLLIN)
            self.assertEqual(sim.ask("bus plain unplug"), "ok")
            events = poll.poll(5000)
            self.assertTrue(events and events[0][1] & select.POLLHUP)
            self.assertFalse(os.path.lexists(sim.link))
            self.assertTrue(sim.ask("bus plain unplug").startswith("error"))
            sim.close_bus()
            self.assertEqual(sim.ask("bus plain plug"), "ok")
            self.assertEqual(sim.exchange(READ, 6), SHUT)

    def test_what_is_wrong_is_said(self):
        with Sim("--fast") as sim:
            for command, wrong in (
                    ("board 1 late", "late takes a number"),
                    ("board 1 late 0", "late takes a number"),
                    ("board 1 stray 101", "stray takes a number"),
                    ("board 1 silent 0", "how often"),
                    ("board 1 silent 101%", "how often"),
                    ("board 1 silent %", "how often"),
                    ("board 1 corrupt 1 1", "how often"),
                    ("board 1 corrupt writes reads", "how often"),
                    ("board 1 deaf", "silent"),
                    ("bus other echo on", "no such bus"),
                    ("bus plain echo", "echo on|off"),
                    ("bus plain plug", "plugged in"),
                    ("sensor A01 bounce", "bounce MS"),
                    ("content A01 full", "no content sensor")):
                with self.subTest(command):
                    answer = sim.ask(command)
                    self.assertTrue(answer.startswith("error"), answer)
                    self.assertIn(wrong, answer)
            self.assertEqual(sim.exchange(READ, 6), SHUT)


class Stories(unittest.TestCase):
    def run_bad(self, text):
        """What lockbus-sim says of a script that it does not take."""
        with tempfile.TemporaryDirectory() as tmp:
            ini = os.path.join(tmp, "cabinet.ini")
            script = os.path.join(tmp, "story")
            with open(ini, "w", encoding="utf-8") as out:
                out.write(simcase.CABINET.format(
                    dir=tmp, baud=115200, shut_is=1,
                    profiles=simcase.ARGUMENTS[1]))
            with open(script, "w", encoding="utf-8") as out:
                out.write(text)
            done = subprocess.run(
                [simcase.ARGUMENTS[0], "--script", script, ini],
                capture_output=True, text=True, timeout=20, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(sorted(os.listdir(tmp)), ["cabinet.ini", "story"])
            return done.stdout, done.stderr

    def test_a_bad_line_is_named_before_anything_starts(self):
        for text, wrong in (("board 1 off", "at or when"),
                            ("at noon board 1 off", "a time is"),
                            ("at 100000s board 1 off", "a time is"),
                            ("when burnt A01 quit", "pulsed, opened or shut"),
                            ("when opened Z9 quit", "no such door"),
                            ("when opened A01 +x quit", "a delay"),
                            ("at 1s frobnicate", "no such command")):
            with self.subTest(text):
                out, err = self.run_bad("# a story\n\n" + text + "\n")
                self.assertEqual(out, "")
                self.assertRegex(err, r"story, line 3: .*" + re.escape(wrong))

    def test_a_command_that_fails_ends_the_story(self):
        out, err = self.run_bad("at 0ms board 99 off\n")
        self.assertTrue(out.startswith("ready"))
        self.assertIn("line 1: error no such board", err)

    def told(self, seed):
        """The log of one story without its times; the host does the same."""
        with tempfile.TemporaryDirectory() as tmp:
            script, log = os.path.join(tmp, "s"), os.path.join(tmp, "l")
            with open(script, "w", encoding="utf-8") as out:
                out.write("at 0ms board 1 silent 50%  # half of them\n"
                          "when opened A01 +600ms door A01 shut\n"
                          "when shut A01 door B03 force\n")
            with Sim("--fast", "--seed", seed, "--script", script,
                     "--log", log) as sim:
                for _ in range(20):
                    sim.exchange(READ, 6, 0.3)
                sim.ask("board 1 sound")
                sim.exchange(PULSE, 8)
                sim.until("opened?", "ok 2 A01,B03")
            with open(log, encoding="utf-8") as lines:
                return [line.split(" ", 1)[1].rstrip("\n") for line in lines]

    def test_a_story_can_be_told_again(self):
        first = self.told("3")
        self.assertEqual(self.told("3"), first)
        self.assertNotEqual(self.told("4"), first)
        self.assertIn("board 1's reply silent", first)
        self.assertEqual(
            [line for line in first if not line.startswith("board")],
            ["command board 1 silent 50%", "command board 1 sound",
             "pulsed A01", "opened A01", "command door A01 shut", "shut A01",
             "command door B03 force", "opened B03"])


if __name__ == "__main__":
    simcase.main()
