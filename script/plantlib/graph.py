# SPDX-License-Identifier: Apache-2.0
"""What ninja knows of a build folder, to make some of it again elsewhere.

A plant changes one file. Configuring for it, building, and building back
again costs more than all of the tests that it needs; so the build folder stays
as it is, and the objects of that one file, with what is linked from them, are
made a second time below a folder of the plant's own."""
import json
import os
import pathlib
import re
import shlex
import subprocess

BUILD = re.compile(r"^build ((?:[^:$]|\$.)*): (\S+) ?(.*)$", re.MULTILINE)
WORD = re.compile(r"(?:[^ $]|\$.)+")
RPATH = "-Wl,-rpath,"


def words(text):
    return [re.sub(r"\$(.)", r"\1", w) for w in WORD.findall(text)]


class Edge:
    """One command of ninja's: what it makes, and of what."""

    def __init__(self, outputs, inputs, orders):
        self.outputs = outputs
        self.inputs = inputs  # those that make it be made again
        self.orders = orders  # those that only have to be there
        self.command = ""


class Graph:
    """The commands of one build folder, which has been configured."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.of = {}  # output -> the edge that makes it
        text = (self.build / "build.ninja").read_text(encoding="utf-8")
        for outputs, _, rest in BUILD.findall(text):
            rest, _, orders = rest.partition(" || ")
            edge = Edge([w for w in words(outputs) if w != "|"],
                        [w for w in words(rest) if w != "|"], words(orders))
            for output in edge.outputs:
                self.of[output] = edge
        for row in json.loads(self.ask("-t", "compdb")):
            if row["output"] in self.of:
                self.of[row["output"]].command = row["command"]

    def ask(self, *options):
        return subprocess.run(["ninja", "-C", str(self.build), *options],
                              check=True, capture_output=True,
                              text=True).stdout

    def objects_of(self, source):
        """The objects that a source file is compiled into."""
        return [output for output, edge in self.of.items()
                if edge.inputs[:1] == [str(source)] and " -c " in edge.command]

    def local(self, word):
        """What ninja calls an absolute path inside the build folder."""
        prefix = str(self.build) + "/"
        name = word[len(prefix):] if word.startswith(prefix) else ""
        return name if name in self.of else None


class Overlay:
    """The programs of a build folder with some objects made anew, below a
    folder inside it: whatever has none of them in it is the folder's own."""

    def __init__(self, graph, folder, run):
        self.graph = graph
        self.folder = folder  # relative to the build folder
        self.run = run        # runs a shell command there; False: it failed
        self.made = set()
        self.instead = {}     # words of a command that another stands for
        self.new = {}         # output -> whether a new object is in it

    def path(self, output):
        return f"{self.folder}/{output}"

    def compile(self, output, source, planted):
        """The object again, from the planted copy of its source."""
        command = self.graph.of[output].command
        command = re.sub(r" -MD -MT \S+ -MF \S+", "", command)
        # Quotes find a header beside the original; a header there may bear
        # the name of one of the system's, so not for <>.
        beside = shlex.quote(os.path.dirname(source))
        command = command.replace(" -c ", f" -iquote {beside} -c ", 1)
        swap = {output: self.path(output), str(source): str(planted)}
        self.new[output] = True
        self.made.add(output)
        return self.do(command, [output], swap)

    def is_new(self, output):
        if output not in self.new:
            edge = self.graph.of.get(output)
            self.new[output] = False  # whatever runs in a circle
            self.new[output] = edge is not None and any(
                [self.is_new(i) for i in edge.inputs])
        return self.new[output]

    def make(self, output):
        """The file with the new objects in it; False: a command failed."""
        if not self.is_new(output) or output in self.made:
            return True
        edge = self.graph.of[output]
        self.made.update(edge.outputs)
        if not all(self.make(i) for i in edge.inputs + edge.orders):
            return False
        return edge.command == "" or self.do(edge.command, edge.outputs, {
            name: self.path(name)
            for name in edge.inputs + edge.outputs if self.is_new(name)})

    def do(self, command, outputs, swap):
        for output in outputs:
            there = self.graph.build / self.path(output)
            there.parent.mkdir(parents=True, exist_ok=True)
        parts = re.split(r"(\s+)", command)
        return self.run("".join(self.word(part, swap) for part in parts))

    def word(self, part, swap):
        # A library that was made anew goes before the one that was not.
        if part.startswith(RPATH):
            old = part[len(RPATH):]
            new = old.replace(str(self.graph.build),
                              str(self.graph.build / self.folder))
            return f"{RPATH}{new}:{old}"
        return swap.get(part, part)

    def place(self, output):
        """The program below the folder, made anew or a link to what is there;
        None: a command failed."""
        there = self.graph.build / self.path(output)
        if not self.make(output):
            return None
        if not self.is_new(output):
            there.parent.mkdir(parents=True, exist_ok=True)
            there.unlink(missing_ok=True)
            os.link(self.graph.build / output, there)
        return there
