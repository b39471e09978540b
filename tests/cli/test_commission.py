# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""The walk along a cabinet's doors, with the cables of two sensors exchanged, a
parcel behind one door and no sensor at another. argv: LOCKBUS LOCKBUS-SIM
PROFILES."""
import os
import re
import signal
import subprocess
import sys
import unittest

from benchcase import Bench

TOOL, SIM, PROFILES = map(os.path.abspath, sys.argv[1:4])
DEADLINE_S = 60  # only ever waited for when something is broken
SECTIONS = """[bus.main]
port = pty:{folder}/main
baud = 115200 8N1
[boards]
1 = main 1 waveshare-relay-d-8ch
[doors]
A01-A05 = 0-4 1:1-5 size=M
A07     = 6   1:7   size=M sensor=none assume_open_s=1
A08     = 7   1:8   size=M
"""


class Walk(unittest.TestCase):
    """One cabinet for the whole story: a walk goes on where one ended."""

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench(TOOL, SIM, PROFILES, SECTIONS)
        cls.addClassCleanup(cls.bench.close)
        script = os.path.join(cls.bench.folder, "story")
        cls.bench.write("story", "when opened A08 door A01 force\n")
        cls.bench.sim_options = ("--shut-after", "150", "--script", script)
        cls.bench.pulse_ms, cls.bench.rest_ms = 200, 0
        cls.bench.open()

    def visits(self, first, *words):
        """One command for all doors; what it said."""
        return self.bench.run(
            "visits", "cabinet.ini", "--cabinet", self.bench.identity,
            "--stay", f"1:{first}", "--courier", "c.pub", "--issuer",
            "issuer.key", "-o", "visits", *words).stdout

    def walk(self, *words, out="hall.walk", answers="", status=1):
        """A walk; what it said and complained of."""
        done = subprocess.run(
            [TOOL, "commission", "cabinet.ini", "--visits", "visits", "--key",
             "c.key", "-o", out, *words], cwd=self.bench.folder, text=True,
            input=answers, timeout=DEADLINE_S, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def lines(self, out="hall.walk"):
        """The file's lines."""
        with open(os.path.join(self.bench.folder, out),
                  encoding="ascii") as file:
            return file.read().splitlines()

    def seen(self, out="hall.walk"):
        """What the newest line of each door says."""
        found = {}
        for line in self.lines(out):
            match = re.fullmatch(
                r"door (\d+) (\S+) (1:\d+) (\S+) "
                r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", line)
            if match:
                self.assertEqual(match[3], f"1:{int(match[1]) + 1}")
                found[match[2]] = match[4]
        return found

    def test_1_visits_for_all_doors_by_one_command(self):
        self.assertIn("7 doors, 3 visits each, in visits\n"
                      "the next free stay is 1:121", self.visits(100))
        self.assertEqual(
            sorted(os.listdir(os.path.join(self.bench.folder, "visits"))),
            [f"A0{n}-{k}.pkg" for n in (1, 2, 3, 4, 5, 7, 8)
             for k in (1, 2, 3)])
        told = self.bench.run("inspect", "visits/A02-2.pkg").stdout
        self.assertIn("104", told)
        with self.assertRaisesRegex(RuntimeError, "A01-1.pkg"):
            self.visits(200)

    def test_2_a_walk_tells_right_from_wrong_and_opens_no_parcel(self):
        self.bench.deposit(4)
        while self.bench.ask("state A05").startswith("open"):
            pass  # somebody is about to shut it
        self.bench.ask("reset")
        self.bench.ask("swap A02 A05")
        said = self.walk(answers="\n")
        self.assertEqual(self.seen(), {
            "A01": "right", "A02": "other:A05", "A03": "right",
            "A04": "right", "A05": "refused:D9", "A07": "by-eye",
            "A08": "two:A01"})
        self.assertIn("A02: WRONG: the sensor of A05 moved", said)
        self.assertIn("board 1 channel 2 and board 1 channel 5", said)
        self.assertIn("A05: not opened, by rule D9", said)
        self.assertIn("OCCUPIED", said)
        self.assertIn("A07: right, as somebody saw", said)
        self.assertIn("A08: WRONG: its own sensor and that of A01", said)
        self.assertIn("4 of 7 doors proved, 2 wrong and 1 not opened on "
                      "this walk", said)
        self.assertNotIn("A05", self.bench.ask("opened?"))
        check = self.bench.run("check", "cabinet.ini").stdout
        self.assertEqual(self.lines()[:3], [
            "lockbus walk 1", f"cabinet {self.bench.identity}",
            re.search("^map [0-9a-f]{64}$", check, re.M)[0]])

    def test_3_a_walk_goes_on_with_what_is_not_proved(self):
        self.bench.ask("swap A02 A05")
        self.bench.ask("reset")
        said = self.walk("--from", "A03")
        self.assertIn("4 of 7 doors are proved already", said)
        self.assertEqual(self.seen()["A02"], "other:A05")
        self.assertEqual(self.seen()["A08"], "right")
        self.assertEqual(self.bench.ask("opened?"), "1 A08")
        self.bench.order("clear", "A05")
        said = self.walk(status=0)
        self.assertIn("7 of 7 doors proved, 0 wrong and 0 not opened on "
                      "this walk", said)
        self.assertRegex(self.lines()[-1], "^proved 7 20")
        self.assertEqual(self.bench.ask("opened?"), "3 A02,A05,A08")

    def test_5_a_person_says_that_another_door_opened(self):
        said = self.walk("--confirm", "--from", "A07", out="3.walk",
                         answers="Q77\na08\n\na01\n")
        self.assertIn("no door is labelled Q77", said)
        self.assertIn("it was not A08: its sensor did not move", said)
        self.assertEqual(self.seen("3.walk"),
                         {"A07": "by-eye", "A08": "eye:A01"})
        self.assertIn("A08: WRONG: A01 opened", said)
        self.assertRegex(said, r"A01 = 0 1:8\s+A08 = 7 1:1\n")

    def test_6_files_of_another_cabinet_or_map_are_refused(self):
        lines = self.lines()
        for at, text, words in ((1, "cabinet " + 32 * "0", "another cabinet"),
                                (2, "map " + 64 * "0", "another map"),
                                (3, "door x", "is no line of a walk"),
                                (0, "something", "no walk's file")):
            self.bench.write("4.walk", "\n".join(
                lines[:at] + [text] + lines[at + 1:]) + "\n")
            said = self.walk(out="4.walk")
            self.assertIn(f"4.walk:{at + 1}: ", said)
            self.assertIn(words, said)
        self.bench.write("4.walk", "\n".join(lines[:4]) + "\ndoor 1")
        self.assertIn("4.walk:5: is cut short", self.walk(out="4.walk"))

    def test_7_a_signal_ends_it_between_lines(self):
        self.bench.ask("reset")
        with subprocess.Popen(
                [TOOL, "commission", "cabinet.ini", "--visits", "visits",
                 "--key", "c.key", "-o", "5.walk"], cwd=self.bench.folder,
                text=True, stdout=subprocess.PIPE) as process:
            while "A01: " not in process.stdout.readline():
                pass
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=DEADLINE_S)[0]
        self.assertEqual(process.returncode, 1)
        self.assertIn("the same command goes on", said)
        self.assertLess(len(self.lines("5.walk")), 10)
        self.assertNotIn("proved", self.lines("5.walk")[-1])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], failfast=True)
