# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""script/plants on a small project of its own: what is caught and what is
not, and why. argv: the sources' folder."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()
CMAKE = """cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES C)
enable_testing()
add_library(inner STATIC inner.c)
add_library(outer SHARED outer.c)
foreach(test inner outer)
  add_executable(${test}_test test.c)
  target_link_libraries(${test}_test ${test})
  add_test(NAME ${test} COMMAND ${test}_test)
endforeach()
add_test(NAME fails COMMAND ${CMAKE_COMMAND} -E false)
"""
SOURCE = """#include "seven.h"
int seven(void)
{
    return SEVEN;
}
"""
TEST = """#include <stdlib.h>
int seven(void);
int main(void)
{
    return seven() == 7 && getenv("LOCKBUS_TEST_CASE") == NULL ? 0 : 1;
}
"""
PLANTS = {
    "in-archive": ("inner.c", "SEVEN;", "8;", "inner"),
    "in-shared": ("outer.c", "SEVEN;", "8;", "outer"),
    "harmless": ("outer.c", "SEVEN;", "SEVEN + 0;", "inner|outer"),
    "elsewhere": ("outer.c", "SEVEN;", "8;", "inner"),
    "hangs": ("inner.c", "return", "for (;;); return", "inner"),
    "no-c": ("inner.c", "SEVEN;", "EIGHT;", "inner"),
    "twice": ("inner.c", "seven", "eight", "inner"),
    "gone": ("other.c", "SEVEN;", "8;", "inner"),
    "no-test": ("inner.c", "SEVEN;", "8;", "nothing"),
    "fails-anyway": ("inner.c", "SEVEN;", "8;", "fails"),
    "case-fails-anyway": ("inner.c", "SEVEN;", "8;", "inner\ncase: one"),
    "says-so-and-hangs": (
        "inner.c", "return", 'puts("[  FAILED  ] x"); fflush(stdout); '
        "for (;;); return", "inner"),
}
SAID = {
    "in-archive": None, "in-shared": None, "says-so-and-hangs": None,
    "harmless": "every test passed", "elsewhere": "every test passed",
    "hangs": "hangs", "no-c": "does not build", "twice": "2 times, not once",
    "gone": "other.c", "no-test": "no test matches",
    "fails-anyway": "without a bug: fails failed",
    "case-fails-anyway": "without a bug: inner failed",
}


class Plants(unittest.TestCase):
    """One run says it all; each plant is a subtest."""

    def test_each_plant_is_told_as_it_is(self):
        with tempfile.TemporaryDirectory() as name:
            said = self.run_in(pathlib.Path(name))
        for plant, why in SAID.items():
            with self.subTest(plant):
                if why is None:
                    self.assertRegex(said, rf"(?m)^caught {plant} \(")
                else:
                    self.assertRegex(said,
                                     rf"(?m)^NOT CAUGHT {plant}: .*{why}")
        self.assertTrue(said.endswith("\n3 passed, 9 failed\n"), said)

    def run_in(self, root):
        shutil.copytree(ROOT / "script" / "plantlib",
                        root / "script" / "plantlib")
        for tool in ("plants", "test-targets"):
            shutil.copy(ROOT / "script" / tool, root / "script" / tool)
        script = root / "script" / "plants"
        text = script.read_text(encoding="utf-8")
        self.assertIn("HANGS_AFTER_S = 180", text)
        script.write_text(text.replace("HANGS_AFTER_S = 180",
                                       "HANGS_AFTER_S = 6"), encoding="utf-8")
        for path, what in (("CMakeLists.txt", CMAKE), ("test.c", TEST),
                           ("inner.c", "#include <stdio.h>\n" + SOURCE),
                           ("outer.c", SOURCE),
                           ("seven.h", "#define SEVEN 7\n")):
            (root / path).write_text(what, encoding="utf-8")
        (root / "tests" / "plants").mkdir(parents=True)
        for plant, row in PLANTS.items():
            (root / "tests" / "plants" / f"{plant}.plant").write_text(
                "file: {}\nfind: {}\nwith: {}\ntest: {}\n".format(*row),
                encoding="utf-8")
        done = subprocess.run([str(script)], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        return done.stdout


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
