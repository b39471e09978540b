# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""The mutants of script/mutate: what is changed and what is left alone, and
whether the list of those that change nothing still fits the code. argv: the
sources' folder."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(ROOT / "script"))
from plantlib import mutants  # noqa: E402

ENUM = "enum colour { RED_ONE = 1, /* not BLUE_TWO */ GREEN_TWO, BLUE_SIX = 6 };"
LINES = {
    "    if (a < b && f(c, d)) {": [
        "if (a <= b && f(c, d)) {", "if (a < b || f(c, d)) {",
        "if (true && f(c, d)) {", "if (a < b && true) {",
        "if (!(a < b && f(c, d))) {"],
    "    return (a || !b) && c == 1;": [
        "return (a || !b) || c == 1;", "return (a && !b) && c == 1;",
        "return (false || !b) && c == 1;", "return (a || false) && c == 1;",
        "return true && c == 1;", "return (a || !b) && true;",
        "return (a || !b) && c != 1;", "return (a || !b) && c == 2;"],
    "    x->y = 3;": ["x->y = 4;", ";"],
    "    colour = BLUE_SIX;": ["colour = RED_ONE;", ";"],
    "    lb_copy(a, b, 16);": [";"],
    "    uint8_t key[32];": [],
    "    puts(\"a < b\"); /* a < b */": [";"],
    "    return a < b;": ["return a <= b;", "return !(a < b);"],
    "    done = true;": ["done = false;", ";"],
    "        return LOCKBUS_RULE_D9;": ["return LOCKBUS_RULE_NONE;"],
    "    count++;": ["count--;", ";"],
    "#include \"a < b\"": [],
}


class Mutants(unittest.TestCase):
    """Line by line."""

    def test_each_line_has_the_mutants_that_it_should(self):
        after = mutants.enums_of([ENUM])
        for line, wanted in LINES.items():
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder)
                (path / "a.c").write_text(line + "\n")
                found = [m.new.strip()
                         for m in mutants.of_file(path, "a.c", after)]
            self.assertEqual(sorted(found), sorted(wanted), line)

    def test_an_enum_goes_round_and_knows_no_comments(self):
        self.assertEqual(mutants.enums_of([ENUM]),
                         {"RED_ONE": "GREEN_TWO", "GREEN_TWO": "BLUE_SIX",
                          "BLUE_SIX": "RED_ONE"})

    def test_what_is_called_equivalent_is_a_mutant_of_today(self):
        done = subprocess.run([ROOT / "script" / "mutate", "--list"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout[:2000])
        self.assertGreater(int(done.stdout.split()[-2]), 3000)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
