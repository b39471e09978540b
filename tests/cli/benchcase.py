# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""A commissioned cabinet of any size with its simulated boards, made with the
command line as a person would."""
import os
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import time

CABINET = """[cabinet]
name = {name}
journal = journal
manifest = 1.lbm
profiles = {profiles}
[lock]
pulse_ms = {pulse_ms}
rest_ms = {rest_ms}
at_once = 2
shut_is = 1
"""
MANIFEST = """[manifest]
operator_id = {operator}
number = 1
epoch = 1
issued_at = {now}
threshold = 2
[limits]
max_open_occupied = 4
max_open_vacant = 4
interlock_hold_s = 60
burst = 60
per_hour = 200
return_burst = 3
return_per_hour = 60
service_burst = 60
service_per_hour = 200
code_tries = 5
code_tries_per_hour = 10
reopen_window_s = 3
ajar_after_s = 5
max_grant_hours = 720
challenge_ttl_s = 120
service_ttl_s = 900
code_min_bits = 30
[keys]
root1 = root file:root1.pub
root2 = root file:root2.pub
issuer = issuer file:issuer.pub
ops = operations file:ops.pub
sec = security file:sec.pub
"""
ROLES = (("root1", "root"), ("root2", "root"), ("issuer", "issuer"),
         ("ops", "operations"), ("sec", "security"), ("c", "courier"))
CHANNELS = {8: "waveshare-relay-d-8ch", 16: "xunming-lock-16ch"}


def doors_of(boards, channels=8):
    """The sections of a cabinet whose every board is one column of doors,
    A01 to A08 and so on, on two buses from the 33rd board."""
    buses = ["[bus.main]\nport = pty:{folder}/main\nbaud = 115200 8N1\n"]
    if boards > 32:
        buses.append("[bus.side]\nport = pty:{folder}/side\n"
                     "baud = 115200 8N1\n")
    lines = ["[boards]"]
    for n in range(1, boards + 1):
        lines.append(f"{n} = {'main' if n <= 32 else 'side'} {n} "
                     f"{CHANNELS[channels]}")
    lines.append("[doors]")
    for n in range(boards):
        letter = (chr(ord("A") + n) if n < 26 else
                  "A" + chr(ord("A") + n - 26))
        first = n * channels
        lines.append(f"{letter}01-{letter}{channels:02} = {first}-"
                     f"{first + channels - 1} {n + 1}:1-{channels} size=M")
    return "".join(buses) + "\n".join(lines) + "\n"


class Bench:
    """open() makes it, close() ends it; cabinet.ini lies in self.folder."""

    def __init__(self, tool, sim, profiles, sections, name="hall"):
        self.tool, self.sim_program, self.profiles = tool, sim, profiles
        self.folder = tempfile.mkdtemp(prefix="lockbus-bench-")
        self.config = os.path.join(self.folder, "cabinet.ini")
        self.sections, self.name = sections, name
        self.process = self.control = self.answers = None
        self.sim_options = ()
        self.pulse_ms, self.rest_ms = 500, 2000
        self.orders = 1
        self.stay = 0

    def run(self, *words):
        """lockbus WORDS, in the folder."""
        done = subprocess.run([self.tool, *words], cwd=self.folder, text=True,
                              umask=0o077, timeout=120, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode != 0:
            raise RuntimeError(f"{words}: {done.stdout}{done.stderr}")
        return done

    def open(self):
        """Keys, manifest, journal, boards."""
        self.identity = secrets.token_hex(16)
        for name, role in ROLES:
            self.run("keygen", role, *(["--region", "7"]
                                       if role == "issuer" else []),
                     "-o", f"{name}.key")
        self.write("cabinet.ini",
                   CABINET.format(name=self.name, profiles=self.profiles,
                                  pulse_ms=self.pulse_ms,
                                  rest_ms=self.rest_ms) +
                   self.sections.format(folder=self.folder))
        self.write("manifest.ini", MANIFEST.format(
            operator=secrets.token_hex(16), now=int(time.time())))
        self.run("manifest", "manifest.ini", "--sign", "root1.key", "--sign",
                 "root2.key", "-o", "1.lbm")
        two = ("--sign", "ops.key", "--sign", "sec.key")
        self.run("order", "commission", "cabinet.ini", "1.lbm", "--cabinet",
                 self.identity, "--region", "7", *two, "-o", "1.lbc")
        self.run("commission", "cabinet.ini", "1.lbm", "1.lbc", "--escrow",
                 "journal.escrow")
        control = os.path.join(self.folder, "control")
        self.process = subprocess.Popen(
            [self.sim_program, "--shut-after", "2500", "--control", control,
             *self.sim_options, self.config], stdout=subprocess.PIPE, text=True)
        if not self.process.stdout.readline().startswith("ready"):
            raise RuntimeError("the simulator did not start")
        self.control = socket.socket(socket.AF_UNIX)
        self.control.connect(control)
        self.answers = self.control.makefile("r")

    def close(self):
        """Ends the boards and takes the folder away."""
        if self.control is not None:
            self.control.close()
        if self.answers is not None:
            self.answers.close()
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process.stdout.close()
        shutil.rmtree(self.folder)

    def write(self, name, text):
        """A file of the folder."""
        with open(os.path.join(self.folder, name), "w",
                  encoding="utf-8") as out:
            out.write(text)

    def ask(self, line):
        """A command to the simulator; its answer without "ok"."""
        self.control.sendall(line.encode() + b"\n")
        answer = self.answers.readline().rstrip("\n")
        if not answer.startswith("ok"):
            raise RuntimeError(f"{line}: {answer}")
        return answer[3:]

    def order(self, action, label):
        """An order by both service persons, carried out."""
        self.orders += 1
        self.run("open", "cabinet.ini", action, label, "--sign", "ops.key",
                 "--sign", "sec.key", "--order-no", f"1:{self.orders}")

    def deposit(self, number):
        """A parcel behind a door; its code."""
        self.stay += 1
        said = self.run("deposit", "--cabinet", self.identity, "--door",
                        str(number), "--stay", f"1:{self.stay}", "--courier",
                        "c.pub", "--issuer", "issuer.key", "-o",
                        f"{self.stay}.pkg").stdout
        self.run("open", "cabinet.ini", "deposit", f"{self.stay}.pkg", "--key",
                 "c.key")
        return re.search(r"[0-9A-Z]{2,3}-[0-9A-Z-]+", said).group()
