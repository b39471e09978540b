# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Every rule of include/lockbus/error.h has a plant that takes it away, after
which something is taken that only this rule refused. argv: the sources'
folder."""
import pathlib
import re
import sys
import unittest

ROOT = pathlib.Path(sys.argv[1]).resolve()
PLANTS = ROOT / "tests" / "plants"
# Rules whose plants have other names, and one that two rules hold: without C4
# a foreign key is refused by P6.
ELSEWHERE = {"R2": "gate-receipt-unsigned",
             "R3": "gate-receipt-for-any-cabinet",
             "R4": "cabinet-receipt-past-the-head-taken",
             "R6": "cabinet-older-receipt-taken",
             "R7": "cabinet-receipt-not-kept"}


class Rules(unittest.TestCase):
    """The plants of rules."""

    def test_each_rule_alone_refuses_something(self):
        header = (ROOT / "include/lockbus/error.h").read_text("utf-8")
        rules = set(re.findall(r"LOCKBUS_RULE_([A-Z]\d+)\b", header))
        self.assertGreater(len(rules), 50)
        for rule in sorted(rules):
            found = [*PLANTS.glob(f"only-{rule}.plant"),
                     *PLANTS.glob(f"only-{rule}-*.plant")]
            if rule in ELSEWHERE:
                self.assertTrue((PLANTS / f"{ELSEWHERE[rule]}.plant").exists())
            else:
                self.assertTrue(found, f"no plant takes {rule} away")

    def test_what_is_taken_then_is_said(self):
        for path in PLANTS.glob("only-[A-QS-Z]*.plant"):
            rule = path.name.split(".")[0].split("-")[1]
            wanted = f"says: wanted {rule}, got " + \
                ("P6" if rule == "C4" else "OK")
            self.assertIn(wanted, path.read_text("utf-8"), path.name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
