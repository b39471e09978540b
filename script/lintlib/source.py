# SPDX-License-Identifier: Apache-2.0
"""Reads C as far as the rules need it: comments and strings apart, functions
with their parameters. Relies on what clang-format has made sure of: a function
begins with a brace in the first column and ends with one."""
import pathlib
import re

SKIP = re.compile(
    r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
HEAD = re.compile(r"^(?!\s|#|\})([^;{}#]*?)\n\{$", re.M)
KEPT = re.compile(r"[^\n]")
ATTRIBUTE = re.compile(r"__attribute__\s*\(\(.*?\)\)(?!\))", re.S)


def keep_length(match):
    """Blanks a match without moving what follows."""
    return KEPT.sub(" ", match.group())


class Function:
    """One function definition."""

    def __init__(self, source, head, start, end):
        head = ATTRIBUTE.sub(keep_length, head)
        self.name = re.search(r"(\w+)\s*\(", head).group(1)
        self.line = source.line_of(start)
        self.length = source.line_of(end) - self.line + 1
        self.body_start = start + len(head)
        self.body = source.code[self.body_start:end]
        self.static = re.match(r"\s*static\b", head) is not None
        self.params = split_params(head[head.index("("):])

    def nesting(self):
        """How deep blocks stand inside blocks; initialisers do not count."""
        deepest, stack = 0, []
        for match in re.finditer(r"[{}]", self.body):
            if match.group() == "}":
                stack.pop()
                continue
            before = self.body[:match.start()]
            is_block = re.search(r"(\)|else|do|:)\s+$", before) is not None
            stack.append(is_block or not stack)
            deepest = max(deepest, sum(stack) - 1)
        return deepest


def split_params(text):
    """The parameters of a prototype's text from its parenthesis on."""
    depth, part, parts = 0, "", []
    for char in text:
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            break
        if char == "," and depth == 1:
            parts.append(part)
            part = ""
        elif not (char == "(" and depth == 1):
            part += char
    parts.append(part)
    parts = [" ".join(p.split()) for p in parts]
    return [] if parts in (["void"], [""]) else parts


def count_params(params):
    """A pointer and the length beside it are one thing that travels."""
    count, before = 0, ""
    for param in params:
        is_len = re.search(r"\b(\w+_)?(len|cap|count)$", param) is not None
        if not (is_len and re.search(r"[*\[]", before)):
            count += 1
        before = param
    return count


class Source:
    """One .c or .h file."""

    def __init__(self, root, path):
        self.path = path
        self.raw = (root / path).read_text(encoding="utf-8")
        self.line_comments = []
        self.code = SKIP.sub(self._blank, self.raw)
        self.functions = [
            Function(self, m.group(1), m.start(), self._end(m.end()))
            for m in HEAD.finditer(self.code)
            if re.search(r"\w\s*\(", m.group(1))]

    def _blank(self, match):
        text = match.group()
        if text.startswith("//"):
            self.line_comments.append(self.raw.count("\n", 0, match.start())
                                      + 1)
        if text[0] in "\"'":
            return text[0] + KEPT.sub(" ", text[1:-1]) + text[0]
        return KEPT.sub(" ", text)

    def _end(self, start):
        end = self.code.find("\n}", start)
        return len(self.code) if end < 0 else end + 2

    def line_of(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def find(self, pattern):
        """Every place in the code where a pattern stands, with its line."""
        for match in re.finditer(pattern, self.code):
            yield self.line_of(match.start()), match

    def function_at(self, line):
        for function in self.functions:
            if function.line <= line < function.line + function.length:
                return function
        return None

    def includes(self):
        for n, line in enumerate(self.raw.splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
            if match:
                yield n, match.group(1) == "<", match.group(2)

    def part(self):
        """"lib/gate" of lib/gate/proof.c, "tools" of tools/sim/main.c."""
        parts = self.path.split("/")
        return "/".join(parts[:2]) if parts[0] == "lib" else parts[0]


class Tree:
    """The files of a project, or of a sample that has a rule broken."""

    NOT_OURS = {"build", ".git", "__pycache__", "node_modules"}

    def __init__(self, root, samples=False):
        self.root = pathlib.Path(root)
        self.files = sorted(self._walk(self.root))
        if not samples:
            self.files = [f for f in self.files
                          if not f.startswith("tests/lint/")]
        self.sources = [Source(self.root, f) for f in self.files
                        if f.endswith((".c", ".h"))]

    def _walk(self, folder):
        for path in folder.iterdir():
            if path.name in self.NOT_OURS:
                continue
            if path.is_dir():
                yield from self._walk(path)
            else:
                yield str(path.relative_to(self.root))

    def under(self, *folders):
        for source in self.sources:
            if source.path.startswith(tuple(f + "/" for f in folders)):
                yield source

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8",
                                            errors="replace")
