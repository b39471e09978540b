# SPDX-License-Identifier: Apache-2.0
"""The build folder in which bugs are tried, and what is done in it."""
import pathlib
import queue
import re
import subprocess
import sys
import threading

from plantlib import trial
from plantlib.graph import Graph, Overlay

# Optimised a little and without sanitizers: a test must fail by its own
# assertion, and hundreds of bugs must take minutes.
OPTIONS = ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=", "-DCMAKE_C_FLAGS=-O1",
           "-DLOCKBUS_WERROR=OFF", "-DLOCKBUS_SANITIZE="]


def say(command, where):
    """Its exit code and all that it said."""
    done = subprocess.run(command, cwd=where, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


class Bed:
    """build/plants below the source folder, built for some tests."""

    def __init__(self, root, tests):
        self.root = pathlib.Path(root)
        self.build = self.root / "build" / "plants"
        status, said = say(["cmake", "-S", ".", "-B", str(self.build),
                            *OPTIONS], self.root)
        if status != 0:
            sys.exit(f"plants: it does not configure\n{said}")
        status, said = say(["script/test-targets", str(self.build), tests],
                           self.root)
        if status == 0:
            # A test that does not build is told of where it is needed.
            say(["ninja", "-C", str(self.build), "-k0", *said.split()],
                self.root)
        self.graph = Graph(self.build)
        self.tests = trial.tests_of(self.graph)

    def named(self, regex):
        """The tests whose names match, by name."""
        return [test for name, test in sorted(self.tests.items())
                if re.search(regex, name)]

    def overlay(self, name, log):
        """A folder for one bug's objects; what commands say goes to log."""
        def run(command):
            done = subprocess.run(command, shell=True, cwd=self.build,
                                  text=True, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            log.append(done.stdout)
            return done.returncode == 0

        return Overlay(self.graph, f"planted/{name}/build", run)


def in_turn(jobs, do, workers):
    """Does all jobs, so many at a time."""
    waiting = queue.Queue()
    for job in jobs:
        waiting.put(job)

    def work():
        while True:
            try:
                do(waiting.get_nowait())
            except queue.Empty:
                return

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
