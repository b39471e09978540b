# SPDX-License-Identifier: Apache-2.0
"""The tests that ctest knows, run one by one on programs that lie elsewhere.

A plant's test has said enough with its first failed assertion: the rest of its
cases are not waited for."""
import json
import os
import re
import select
import signal
import subprocess
import time

# cmocka says so as soon as a case has failed, with the case's name.
FAILED = re.compile(rb"\[  FAILED  \] .*\n")


def tests_of(graph):
    """Every test of a build folder, as ctest would run it, by name."""
    said = subprocess.run(
        ["ctest", "--test-dir", str(graph.build), "--show-only=json-v1"],
        check=True, capture_output=True, text=True).stdout
    found = {}
    for test in json.loads(said)["tests"]:
        of = {p["name"]: p["value"] for p in test.get("properties", [])}
        found[test["name"]] = Test(graph, test, of)
    return found


class Test:
    """One test: its command, and how long it may take."""

    def __init__(self, graph, test, properties):
        self.graph = graph
        self.name = test["name"]
        self.command = test.get("command", [])
        self.environment = dict(
            pair.split("=", 1) for pair in properties.get("ENVIRONMENT", []))
        self.folder = properties.get("WORKING_DIRECTORY", str(graph.build))
        self.limit_s = properties.get("TIMEOUT", 1500)
        self.skips = properties.get("SKIP_RETURN_CODE")

    def start(self, overlay, case):
        """The test's process, on the overlay's programs; None: one of them
        does not build."""
        command = [self.placed(overlay, word) for word in self.command]
        environment = {name: self.placed(overlay, value)
                       for name, value in self.environment.items()}
        if not command or None in command + list(environment.values()):
            return None
        if case:
            environment["LOCKBUS_TEST_CASE"] = case
        # A group and no session: the leader of one would get the terminal that
        # a test opens as its own, and the hang-up of that.
        return subprocess.Popen(
            command, cwd=self.folder, env={**os.environ, **environment},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, process_group=0)

    def placed(self, overlay, word):
        if word in overlay.instead:
            return overlay.instead[word]
        name = self.graph.local(word)
        if name is None:
            return word
        there = overlay.place(name)
        return None if there is None else str(there)

    def run(self, overlay, case, seconds):
        """("passed", "failed", "skipped", "hangs" or "does not build"), and
        what was said."""
        process = self.start(overlay, case)
        if process is None:
            return "does not build", ""
        try:
            how, said = watch(process, min(seconds, self.limit_s))
        finally:
            kill(process)
        if how is None:
            how = "passed" if process.returncode == 0 else "failed"
            if self.skips is not None and process.returncode == self.skips:
                how = "skipped"
        return how, said.decode(errors="replace")


def watch(process, seconds):
    """Reads until the process ends (None), one of its cases has failed, or its
    time is over. Whatever it has started may hold its output open longer."""
    said, waits = b"", [process.stdout, os.pidfd_open(process.pid)]
    os.set_blocking(process.stdout.fileno(), False)
    end = time.monotonic() + seconds
    try:
        while (left := end - time.monotonic()) > 0:
            ready = select.select(waits, [], [], left)[0]
            more = process.stdout.read() if process.stdout in ready else None
            said += more or b""
            if FAILED.search(said):
                return "failed", said
            if not more and waits[-1] in ready:
                return None, said
            if more == b"":
                del waits[0]
        return "hangs", said
    finally:
        os.close(waits[-1])


def kill(process):
    """The test and all that it has started in its group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.stdout.close()
    process.wait()
