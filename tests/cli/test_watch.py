# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""lockbus watch on a terminal and without one, against a simulated cabinet of
96 doors. argv: LOCKBUS LOCKBUS-SIM PROFILES."""
import os
import re
import select
import signal
import subprocess
import sys
import time
import unittest

from benchcase import Bench, doors_of
from terminal import DEADLINE_S, Terminal

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "support"))
import one_case  # noqa: E402

TOOL, SIM, PROFILES = map(os.path.abspath, sys.argv[1:4])
LEAVE, CURSOR = b"\x1b[?1049l", b"\x1b[?25h"
HIDE, COLOUR = b"\x1b[?25l", re.compile(rb"\x1b\[[0-9;]*3[1-7]m")
NAME = "Halle S\u00fcd"


def short_cells(lines):
    """Labels and letters of the form that 80 x 24 takes: the number and the
    letter under the heading that has the rest."""
    cells = {}
    heads = [(m.start(), m.group()) for m in
             re.finditer(r"[A-Z]+", lines[3].split("\u2502")[0])]
    for line in lines[4:12]:
        for x, head in heads:
            cell = re.match(r"(\d\d) (\S)(.)", line[x:])
            if cell:
                cells[head + cell[1]] = cell[2] + cell[3].strip()
    return cells


class Watch(unittest.TestCase):
    """A cabinet that stays for all tests of a class: a parcel behind A07, B03
    blocked."""
    BOARDS = 12

    @classmethod
    def setUpClass(cls):
        cls.bench = Bench(TOOL, SIM, PROFILES, doors_of(cls.BOARDS), NAME)
        cls.addClassCleanup(cls.bench.close)
        cls.bench.open()
        cls.bench.deposit(6)
        cls.bench.order("block", "B03")

    def setUp(self):
        for n in range(1, self.BOARDS + 1):
            self.bench.ask(f"board {n} on")
        for label in self.bench.ask("open?").split(" ", 1)[1:]:
            for one in filter(None, label.split(",")):
                self.bench.ask(f"door {one} shut")

    def watch(self, *words, **options):
        """A terminal with lockbus watch on it."""
        return Terminal([TOOL, "watch", self.bench.config, *words], **options)

    def settled(self, terminal):
        """All boards were found and no door stands open."""
        terminal.shows(f"{self.BOARDS} of {self.BOARDS} boards")
        # The header of a picture arrives before its cells.
        terminal.until(lambda: "forced" not in terminal.screen.display[2] and
                       "not read" not in terminal.screen.display[2] and
                       "?" not in "".join(terminal.screen.display[3:12]),
                       "all doors shut")

    def quits(self, terminal):
        """It ended well, and left the terminal as it found it."""
        self.assertEqual(terminal.ends(), 0)
        self.assertTrue(terminal.restored())
        self.assertIn(LEAVE, terminal.raw)
        after = terminal.raw[terminal.raw.rindex(HIDE):]
        self.assertIn(CURSOR, after)
        self.assertIn(LEAVE, after)

    def quit_by_key(self, terminal):
        """As a person ends it."""
        terminal.type("q")
        self.quits(terminal)


class Pace(Watch):
    def test_the_line_keeps_its_pace_and_the_picture_another(self):
        def figures():
            found = (re.search(r"requests +(\d+)", terminal.text()),
                     re.search(r"(\d+\.\d) s$", terminal.screen.display[0]))
            return int(found[0][1]), float(found[1][1])
        with self.watch() as terminal:
            self.settled(terminal)
            asked, at = figures()
            frames = terminal.reads
            terminal.until(lambda: figures()[1] >= at + 2, "two seconds")
            more, later = figures()
            # Polling at the picture's pace would ask a fifth as often, and
            # drawing at the line's would write some hundred frames, each in
            # a few pieces.
            self.assertGreater((more - asked) / (later - at), 50)
            self.assertLess((terminal.reads - frames) / (later - at), 60)
            self.quit_by_key(terminal)


class Picture(Watch):
    def test_80x24_shows_every_door_and_its_state(self):
        with self.watch() as terminal:
            self.settled(terminal)
            cells = short_cells(terminal.screen.display)
            self.assertEqual(
                sorted(cells), [f"{c}{n:02}" for c in "ABCDEFGHIJKL"
                                for n in range(1, 9)])
            self.assertEqual(cells.pop("A07"), "P")
            self.assertEqual(cells.pop("B03"), "B")
            self.assertEqual(set(cells.values()), {"."})
            self.assertIn(f"{NAME}: 12 of 12 boards, manifest 1 of epoch 1",
                          terminal.text())
            self.assertIn("96 doors: 1 blocked, 1 parcel, 94 vacant",
                          terminal.text())
            for item in ("F forced", "P parcel", ". vacant", "! full",
                         "X board away", "q quit"):
                self.assertIn(item, terminal.text())
            self.quit_by_key(terminal)

    def test_forced_doors_and_lost_boards_are_seen_as_they_come(self):
        with self.watch() as terminal:
            self.settled(terminal)
            self.bench.ask("door A07 force")
            self.bench.ask("board 7 off")
            terminal.shows("8 board away")
            terminal.shows("A07      FORCED")
            terminal.shows("board 7  BOARD_AWAY    it does not answer")
            terminal.shows("7XAWAY")
            cells = short_cells(terminal.screen.display)
            self.assertEqual(cells["G01"] + cells["G08"], "XX")
            self.bench.ask("door C02 force")
            terminal.until(lambda: short_cells(
                terminal.screen.display).get("C02") == "F", "C02 forced")
            self.bench.ask("board 7 on")
            terminal.shows("12 of 12 boards")
            self.quit_by_key(terminal)

    def test_a_forced_door_says_that_a_parcel_is_behind_it(self):
        with self.watch() as terminal:
            self.settled(terminal)
            self.bench.ask("door A07 force")
            terminal.until(lambda: short_cells(
                terminal.screen.display).get("A07") == "F*", "A07 F*")
            self.quit_by_key(terminal)

    def test_resizing_lays_out_anew(self):
        with self.watch(rows=60, cols=200) as terminal:
            self.settled(terminal)
            terminal.shows("A07 P parcel")
            self.assertIn("B03 B blocked", terminal.text())
            self.assertRegex(terminal.text(), r"12 here +\d\.\dms t0")
            self.assertIn("L08 . vacant", terminal.text())
            terminal.resize(10, 40)
            terminal.shows("too small: 50 x 14 is needed")
            terminal.resize(30, 100)
            terminal.shows("A07 P B07 .")
            terminal.resize(24, 80)
            terminal.shows("07 P 07 . 07 .")
            terminal.resize(60, 200)
            terminal.shows("A07 P parcel")
            self.quit_by_key(terminal)

    def test_keys_sort_filter_and_page(self):
        with self.watch() as terminal:
            self.settled(terminal)
            terminal.type("s")
            terminal.shows("sort (by state)")
            self.assertIn("B03 B", terminal.screen.display[4])
            terminal.type("s")
            terminal.shows("page 1 of 2, 16 not shown")
            self.assertIn("b10", terminal.screen.display[3])
            terminal.type("\x1bOB")  # arrow down
            terminal.shows("page 2 of 2, 80 not shown")
            self.assertIn("L08 .", terminal.text())
            terminal.type("sssf")
            terminal.shows("only trouble: 1")
            self.assertNotIn("A07", terminal.screen.display[4])
            terminal.type("f")
            terminal.shows("only parcels: 1")
            terminal.shows("A07 P")
            self.quit_by_key(terminal)

    def test_keys_filter_by_text_and_show_lines_and_boards(self):
        with self.watch() as terminal:
            self.settled(terminal)
            terminal.type("/b07q")
            terminal.shows("filter: b07q_")
            terminal.type("\x7f\r")
            terminal.shows("only all with b07: 0")
            terminal.type("/\x7f\x7f7\r")
            terminal.shows("only all with b7: 8")
            terminal.shows("G08 .")
            terminal.type("b")
            terminal.shows("line       asks/s rounds/s")
            terminal.shows("  7+ main/7")
            self.assertNotIn("  6+ main/6", terminal.text())
            terminal.type("\x1b")
            terminal.shows("  6+ main/6")
            terminal.type("sss")
            terminal.shows("sort (by errors)")
            terminal.until(lambda: re.search(
                r"main +[1-9]\d*\.\d +[1-9]\d*\.\d +\d", terminal.text()),
                "rates")
            terminal.type("b")
            terminal.shows("96 doors: 1 blocked")
            self.quit_by_key(terminal)

    def test_no_color_is_respected_and_letters_stay(self):
        for env, coloured in (({}, True), ({"NO_COLOR": "1"}, False)):
            with self.watch(**env) as terminal:
                self.settled(terminal)
                self.assertEqual(bool(COLOUR.search(terminal.raw)), coloured)
                self.assertEqual(
                    short_cells(terminal.screen.display)["A07"], "P")
                self.quit_by_key(terminal)


class Terminals(Watch):
    """What is left of a terminal, and what one gets that cannot."""
    BOARDS = 2

    def test_signals_end_it_and_restore_the_terminal(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.watch() as terminal:
                self.settled(terminal)
                os.kill(terminal.pid, number)
                self.quits(terminal)

    def test_the_interrupt_key_ends_it(self):
        with self.watch() as terminal:
            self.settled(terminal)
            terminal.type("\x03")
            self.quits(terminal)

    def test_stopping_restores_the_terminal_and_going_on_draws_again(self):
        with self.watch(job_control=True) as terminal:
            self.settled(terminal)
            self.assertFalse(terminal.restored())
            group = terminal.group()
            terminal.type("\x1a")
            terminal.says(LEAVE)
            terminal.until(terminal.stopped, "stopped")
            self.assertTrue(terminal.restored())
            seen = len(terminal.raw)
            terminal.screen.reset()
            os.killpg(group, signal.SIGCONT)
            terminal.shows("2 of 2 boards")
            self.assertIn(b"\x1b[?1049h", terminal.raw[seen:])
            self.assertFalse(terminal.restored())
            self.quit_by_key(terminal)

    def plain(self, terminal):
        terminal.says(b"A07   M   SHUT      OCCUPIED")
        terminal.says(b"B08   M   SHUT      VACANT")
        self.assertNotIn(b"\x1b", terminal.raw)
        os.kill(terminal.pid, signal.SIGTERM)
        self.assertEqual(terminal.ends(), 0)
        self.assertTrue(terminal.restored())

    def test_a_terminal_that_cannot_is_given_lines(self):
        for options in ({"TERM": "dumb"}, {"TERM": "no-such-terminal"},
                        {"TERM": ""}, {"rows": 13}, {"cols": 49}):
            with self.subTest(**options), self.watch(**options) as terminal:
                self.plain(terminal)

    def test_plain_is_plain_on_any_terminal(self):
        with self.watch("--plain") as terminal:
            self.plain(terminal)

    def test_once_is_plain_and_ends(self):
        with self.watch("--once") as terminal:
            self.assertEqual(terminal.ends(), 0)
            self.assertIn(b"A07   M   SHUT      OCCUPIED", terminal.raw)
            self.assertNotIn(b"\x1b", terminal.raw)

    def test_lines_and_boards_as_lines_and_what_is_left_by_a_filter(self):
        def said(*words):
            return subprocess.run(
                [TOOL, "watch", self.bench.config, "--once", *words],
                stdout=subprocess.PIPE, text=True, check=True).stdout
        once = said("--boards")
        self.assertRegex(once, r"line main: pty:\S+, 115200 baud, requests "
                         r"\d+, \d+\.\d requests/s, \d+\.\d rounds/s, "
                         r"replies <\d+ ms, 99% <\d+ ms")
        self.assertRegex(once, r"board 2: PRESENT, main/2 waveshare-relay-d-8ch"
                         r", requests \d+, replies <\d+ ms")
        self.assertNotIn("A07", once)
        few = said("--filter", "b2", "--sort", "state")
        self.assertEqual(re.findall(r"^ *\d+ ([AB]\d\d) ", few, re.M),
                         ["B03"] + [f"B0{n}" for n in (1, 2, 4, 5, 6, 7, 8)])
        self.assertNotIn("board 1:", few)

    def test_every_says_lines_and_boards_again(self):
        with subprocess.Popen([TOOL, "watch", self.bench.config, "--every",
                               "1"], stdout=subprocess.PIPE, text=True
                              ) as process:
            seen = 0
            for line in process.stdout:
                seen += line.startswith("line main:")
                if seen == 2:
                    self.assertIn("requests/s", line)
                    break
            process.terminate()
            process.stdout.read()
            self.assertEqual(process.wait(DEADLINE_S), 0)

    def test_into_a_pipe_it_prints_doors_then_events(self):
        with subprocess.Popen([TOOL, "watch", self.bench.config],
                              stdout=subprocess.PIPE) as process:
            said, forced = b"", False
            end = time.monotonic() + DEADLINE_S
            while b"FORCED" not in said:
                left = end - time.monotonic()
                self.assertGreater(left, 0, said)
                if select.select([process.stdout], [], [], left)[0]:
                    said += os.read(process.stdout.fileno(), 65536)
                if b"B08" in said and not forced:
                    forced = True
                    self.bench.ask("door A02 force")
            process.terminate()
            self.assertEqual(process.wait(DEADLINE_S), 0)
        self.assertIn(b"A07   M   SHUT      OCCUPIED", said)
        self.assertNotIn(b"\x1b", said)

    def test_two_ways_at_once_are_wrong_use(self):
        done = subprocess.run([TOOL, "watch", self.bench.config, "--plain",
                               "--once"], stderr=subprocess.PIPE, text=True,
                              check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--plain", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + one_case.options(), failfast=True)
