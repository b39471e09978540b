#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""mbpoll (libmodbus' own master) reads and switches simulated boards."""
import re
import subprocess
import unittest

import simcase
from simcase import Sim


class Mbpoll(unittest.TestCase):
    def mbpoll(self, sim, *args, values=()):
        done = subprocess.run(
            ["mbpoll", "-m", "rtu", "-b", str(sim.baud), "-d", "8", "-P",
             "none", "-s", "1", "-0", "-1", "-o", "2", *args, sim.link,
             *values],
            capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return dict(re.findall(r"^\[(\d+)\]:\s+(\d+)", done.stdout, re.M))

    def test_inputs_registers_and_relays(self):
        with Sim(baud=19200) as sim:
            sim.ask("door A02 force")
            got = self.mbpoll(sim, "-a", "1", "-t", "1", "-r", "0", "-c", "8")
            self.assertEqual(got, {str(i): "0" if i == 1 else "1"
                                   for i in range(8)})
            got = self.mbpoll(sim, "-a", "2", "-t", "4", "-r", "32768")
            self.assertEqual(got, {"32768": "200"})
            self.mbpoll(sim, "-a", "1", "-t", "0", "-r", "0", values=["1"])
            sim.until("open?", "ok 2 A01,A02")
            got = self.mbpoll(sim, "-a", "1", "-t", "0", "-r", "0", "-c", "8")
            self.assertEqual(got["0"], "1")
            self.mbpoll(sim, "-a", "1", "-t", "0", "-r", "0", values=["0"])
            self.assertEqual(sim.value("outputs", "on"), 0)


if __name__ == "__main__":
    simcase.main()
