#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Whether docs/COOKBOOK.md still says what its scenarios do: each piece of C
stands in the file it names, and each list of events or entries is a text
that the file's tests demand. argv: source folder."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop() if len(sys.argv) > 1 else ".")
PAGE = ROOT / "docs" / "COOKBOOK.md"
FOLDERS = [ROOT / "tests" / "scenario", ROOT / "tests" / "support"]
BLOCK = re.compile(r"^```(.*?)\n(.*?)^```$", re.S | re.M)
STRING = r'"(?:[^"\\]|\\.)*"'


def source_of(name):
    for folder in FOLDERS:
        if (folder / name).is_file():
            return (folder / name).read_text()
    return None


def texts_of(source):
    """All string literals of a source, adjacent ones joined."""
    texts = set()
    for run in re.findall(rf"{STRING}(?:\s+{STRING})*", source):
        joined = "".join(s[1:-1] for s in re.findall(STRING, run))
        texts.add(joined.replace("\\n", "\n"))
    return texts


def faults_of(page):
    """What a page says that no source does."""
    faults = []
    for info, body in BLOCK.findall(page):
        words = info.split()
        source = source_of(words[1]) if len(words) == 2 else None
        if source is None:
            faults.append(f"a block without a source: {info!r}")
        elif words[0] == "c":
            for part in re.split(r"(?<=^}\n)\n", body, flags=re.M):
                if part not in source:
                    faults.append(f"not in {words[1]}: {part[:60]!r}")
        elif words[0] != "text" or body not in texts_of(source):
            faults.append(f"not said by {words[1]}: {body!r}")
    for recipe in re.split(r"^## ", page, flags=re.M)[1:]:
        if "```c " not in recipe:
            faults.append(f"a recipe without code: {recipe.splitlines()[0]}")
    return faults


class Cookbook(unittest.TestCase):
    def setUp(self):
        self.page = PAGE.read_text()

    def test_the_page_says_what_the_scenarios_do(self):
        self.assertEqual(faults_of(self.page), [])
        self.assertGreater(len(BLOCK.findall(self.page)), 50)

    def test_a_changed_line_in_any_block_is_found(self):
        for block in BLOCK.finditer(self.page):
            for line in block.group(2).splitlines():
                if line.strip() in ("", "{", "}"):
                    continue
                at = self.page.index(line + "\n", block.start(2))
                changed = (self.page[:at] + line + "x"
                           + self.page[at + len(line):])
                self.assertEqual(len(faults_of(changed)), 1, line)
                break

    def test_a_line_left_out_is_found(self):
        for lost in ("UNCONFIRMED, count 1, assumed\n",
                     "    host_answer(host, err, &why);\n",
                     "ALARM jammed, count 3\n"):
            self.assertIn(lost, self.page)
            self.assertNotEqual(faults_of(self.page.replace(lost, "", 1)), [])

    def test_blocks_without_a_source_are_found(self):
        for block in ("```c\nint x;\n```\n", "```c no_such.c\nint x;\n```\n",
                      "```text\nSENT\n```\n", "```sh host.c\nls\n```\n"):
            self.assertNotEqual(faults_of("## A\n```c host.c\n```\n" + block),
                                [])

    def test_a_recipe_without_code_is_found(self):
        self.assertEqual(len(faults_of(self.page + "\n## More\n\nWords.\n")), 1)


if __name__ == "__main__":
    unittest.main()
