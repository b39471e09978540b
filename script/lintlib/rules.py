# SPDX-License-Identifier: Apache-2.0
"""The rules. Each takes a Tree and yields (path, line, what is wrong). Its
name is its folder in tests/lint/, whose sample it must find fault with."""
import re

from . import permits
from .source import count_params

FUNCTION_MAX = 70
FUNCTION_P90 = 45
FILE_MAX = 400
PARAMS_MAX = 5
NESTING_MAX = 3
IF_PER_1000 = 5

# Files that are mostly one table.
LONG_FILES = {"lib/base/error.c"}
# Functions that need more, each with its reason.
MANY_PARAMS = {
    "lb_crypto_seal",  # a key derivation's own parameters
    "lockbus_issue_proof", "lockbus_issue_code",  # the fields that are signed
    "lockbus_open_with_key",  # what a proof says, and where its ticket goes
    "main", "LLVMFuzzerTestOneInput"}

# What each part of lib/ may include of the others, beside itself.
BELOW = {
    "lib/base": set(), "lib/gate": {"base"}, "lib/door": {"base"},
    "lib/journal": {"base"}, "lib/board": {"base"},
    "lib/bus": {"base", "board"}, "lib/os": {"base"},
    "lib/issue": {"base", "os"},
    "lib/cabinet": {"base", "gate", "door", "journal", "board", "bus", "os",
                    "issue"}}
FREESTANDING = {"stdbool.h", "stddef.h", "stdint.h", "limits.h",
                "stdalign.h", "lockbus/error.h"}
OS_HEADER = re.compile(
    r"^(sys/|netinet/|arpa/|linux/|net/)|^(unistd|fcntl|time|pthread|termios|"
    r"poll|signal|netdb|dirent|dlfcn|spawn|sched|semaphore|glob|pwd|grp|"
    r"libserialport)\.h$")
# libmodbus reads from a descriptor: its codec holds a socket pair. Random bytes
# are cryptography's, which a board maker replaces together.
OS_ALLOWED = {"lib/board/modbus.c", "lib/base/random.c"}

ALLOCATES = r"\b(?:malloc|calloc|realloc|reallocarray|aligned_alloc|strdup" \
    r"|strndup|asprintf)\s*\("
ALLOCATORS = re.compile(r"(^|_)(new|open|commission|amend)(_|$)")
# What lb_line_new() hands the work to, in files of their own.
LINE_MAKERS = {"lb_line_mbap", "lb_line_pty", "lb_line_rtu_tcp",
               "lb_line_serial"}
CLOCKS = r"\b(?:clock_gettime|gettimeofday|time|clock|times|sleep|usleep" \
    r"|nanosleep|clock_nanosleep|timespec_get|select)\s*\("
SLEEPS = r"\b(?:sleep|usleep|nanosleep|clock_nanosleep)\s*\("
NEVER = r"\b(?:strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|alloca" \
    r"|memcmp|setjmp|longjmp)\s*\("
ENDS = r"\b(?:exit|_exit|_Exit|abort|quick_exit|raise|kill|assert)\s*\("
# A machine's step may assert that its own table is whole: never its input.
STEP = re.compile(r"_step$")
SPEAKS = r"\b(?:printf|fprintf|vprintf|vfprintf|puts|fputs|perror|putchar)" \
    r"\s*\("

HOSTS = [r"pypi\.org", r"npmjs\.(?:org|com)", r"crates\.io", r"proxy\.golang",
         r"(?:deb|archive|security|snapshot)\.(?:debian|ubuntu)\.",
         r"repo\.maven", r"rubygems\.org"]
PLACES = [r"(?<![\w.~)}-])/work(?=[/\s\"'`)]|$)", r"(?<![\w.~)}-])/root\b",
          r"(?<![\w.~)}-])/home/\w"]

RULES = {}


def rule(function):
    RULES[function.__name__.replace("_", "-")] = function
    return function


def flag(sources, pattern, what):
    for source in sources:
        for line, match in source.find(pattern):
            text = match.group().rstrip("( ")
            yield source.path, line, what.format(text)


def ours(tree):
    return tree.under("lib", "tools", "firmware-proto", "examples")


@rule
def function_length(tree):
    for source in ours(tree):
        for function in source.functions:
            if function.length > FUNCTION_MAX:
                yield (source.path, function.line,
                       f"{function.name} has {function.length} lines")


@rule
def function_p90(tree):
    lengths = sorted(f.length for s in ours(tree) for f in s.functions)
    p90 = lengths[len(lengths) * 9 // 10] if lengths else 0
    if p90 > FUNCTION_P90:
        yield "lib", 0, f"one function in ten is longer than {p90} lines"


@rule
def file_length(tree):
    for source in tree.under("lib", "include", "firmware-proto"):
        lines = source.raw.count("\n")
        if lines > FILE_MAX and source.path not in LONG_FILES:
            yield source.path, lines, f"has {lines} lines"


@rule
def parameters(tree):
    for source in ours(tree):
        for function in source.functions:
            count = count_params(function.params)
            if count > PARAMS_MAX and function.name not in MANY_PARAMS:
                yield (source.path, function.line,
                       f"{function.name} takes {count} parameters")


@rule
def nesting(tree):
    for source in ours(tree):
        for function in source.functions:
            depth = function.nesting()
            if depth > NESTING_MAX:
                yield (source.path, function.line,
                       f"{function.name} nests {depth} deep")


@rule
def if_in_function(tree):
    for source in ours(tree):
        for line, _ in source.find(r"(?m)^\s*#\s*if"):
            if source.function_at(line):
                yield source.path, line, "#if inside a function"


@rule
def if_density(tree):
    ifs, lines = 0, 0
    for source in tree.under("lib"):
        lines += sum(1 for text in source.code.splitlines() if text.strip())
        ifs += len(re.findall(
            r"(?m)^\s*#\s*if(?!ndef LB_\w+_H\s|def __cplusplus)", source.code))
    if ifs * 1000 > IF_PER_1000 * max(lines, 1):
        yield "lib", 0, f"{ifs} #if in {lines} lines of code"


@rule
def clock(tree):
    inside = (s for s in tree.under("lib") if s.part() != "lib/os")
    yield from flag(inside, CLOCKS, "{} belongs to lib/os: time is passed in")


@rule
def sleeping_test(tree):
    yield from flag(tree.under("tests"), SLEEPS, "a test calls {}")


def may_allocate(source, function, seen=()):
    """By its name, or because only such functions of its file call it."""
    if ALLOCATORS.search(function.name) or function.name in LINE_MAKERS:
        return True
    callers = [f for f in source.functions if f is not function and
               re.search(rf"\b{function.name}\s*\(", f.body)]
    return function.static and function.name not in seen and bool(
        callers) and all(may_allocate(source, f, (*seen, function.name))
                         for f in callers)


@rule
def allocation(tree):
    for source in tree.under("lib"):
        for line, match in source.find(ALLOCATES):
            function = source.function_at(line)
            if function and not may_allocate(source, function):
                yield (source.path, line, f"{match.group()[:-1]} in "
                       f"{function.name}, which is no _new and no _open")
        for line, _ in source.find(r"__unpack\s*\(\s*NULL\b"):
            yield source.path, line, "unpacks with malloc"


@rule
def forbidden_call(tree):
    yield from flag(tree.under("lib"), NEVER, "{} is not used")


@rule
def ending_the_process(tree):
    for source in tree.under("lib"):
        for line, match in source.find(ENDS):
            function = source.function_at(line)
            if match.group().startswith("assert") and function and \
                    STEP.search(function.name):
                continue
            yield (source.path, line,
                   f"the library calls {match.group()[:-1]}")


@rule
def printing(tree):
    yield from flag(tree.under("lib"), SPEAKS, "the library calls {}")


@rule
def line_comment(tree):
    for source in tree.sources:
        for line in source.line_comments:
            yield source.path, line, "a // comment"


@rule
def include_direction(tree):
    for source in tree.under("lib", "include"):
        part = source.part()
        for line, system, name in source.includes():
            folder = name.split("/")[0] if "/" in name else None
            if part == "include":
                if not system or (folder and folder != "lockbus"):
                    yield source.path, line, f"a public header: {name}"
            elif not system and folder and part != "lib/" + folder and \
                    folder not in BELOW.get(part, set()):
                yield source.path, line, f"{part} may not include {name}"


@rule
def freestanding(tree):
    for source in tree.under("lib/gate", "lib/door"):
        for line, system, name in source.includes():
            if system and name not in FREESTANDING:
                yield source.path, line, f"includes <{name}>"


@rule
def os_header(tree):
    for source in tree.under("lib"):
        if source.part() == "lib/os" or source.path in OS_ALLOWED:
            continue
        for line, system, name in source.includes():
            if system and OS_HEADER.search(name):
                yield source.path, line, f"<{name}> belongs to lib/os"


@rule
def permit(tree):
    yield from permits.made_elsewhere(tree)


@rule
def pulse(tree):
    """Who asks for a permit, and who drives an output with it."""
    for source in tree.under("lib", "tools", "examples"):
        if source.part() not in ("lib/gate", "lib/cabinet"):
            for line, _ in source.find(r"\blb_gate_permit\s*\("):
                yield source.path, line, "asks for a permit"
        if source.part() not in ("lib/bus", "lib/cabinet"):
            for line, _ in source.find(r"\blb_bus_pulse\s*\("):
                yield source.path, line, "drives an output"


@rule
def macro_in_header(tree):
    yield from flag(tree.under("include"), r"(?m)^\s*#\s*define\s+\w+\(",
                    "a function-like macro")


@rule
def typedef_t(tree):
    yield from flag(
        tree.under("lib", "include", "tools", "firmware-proto"),
        r"\btypedef\b[^;{]*\b\w+_t\s*;|\}\s*\w+_t\s*;", "a name with _t")


@rule
def file_head(tree):
    for source in tree.sources:
        if not source.raw.startswith(
                "/* SPDX-License-Identifier: Apache-2.0\n"
                " * Copyright the lockbus authors */\n"):
            yield source.path, 1, "lacks the two lines of the licence"
    for path in tree.files:
        name = path.rsplit("/", 1)[-1]
        if name == "CMakeLists.txt" or path.endswith((".cmake", ".py", ".in")) \
                or path.startswith(("script/", ".ci/")):
            if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(
                    tree.text(path).splitlines()[:3]) and \
                    not path.endswith(".pc.in"):
                yield path, 1, "lacks the licence's line"


@rule
def rule_text(tree):
    header, table = "include/lockbus/error.h", "lib/base/error.c"
    rules = re.findall(r"\bLOCKBUS_RULE_(\w+)", tree.text(header))
    rows = re.findall(r'\{LOCKBUS_RULE_(\w+),\s*"([^"]+)",\s*"([^"]{10,})"',
                      tree.text(table))
    for name in dict.fromkeys(rules):
        if name not in {row[0] for row in rows}:
            yield table, 1, f"rule {name} has no text"
    for name, said, _ in rows:
        if said != ("-" if name == "NONE" else name):
            yield table, 1, f"rule {name} is called {said}"
    if "docs/GRANTS.md" in tree.files:
        text = tree.text("docs/GRANTS.md")
        for name in dict.fromkeys(rules):
            if name != "NONE" and not re.search(rf"\b{name}\b", text):
                yield "docs/GRANTS.md", 1, f"does not say what {name} is"


@rule
def documented(tree):
    """Each public function stands under a comment of its own paragraph."""
    for source in tree.under("include"):
        lines = source.raw.splitlines()
        for line, match in source.find(r"(?m)^LOCKBUS_API\b[^;]*;"):
            above = line - 2
            while above >= 0 and lines[above].strip() and \
                    not lines[above].rstrip().endswith("*/"):
                above -= 1
            if above < 0 or not lines[above].strip():
                name = re.search(r"(\w+)\s*\(", match.group()[11:])
                yield source.path, line, f"{name.group(1)} has no comment"


@rule
def internal_names(tree):
    """What other files of the library can see is called lb_ or lockbus_."""
    for source in tree.under("lib"):
        for function in source.functions:
            if not function.static and not function.name.startswith(
                    ("lb_", "lockbus_")):
                yield (source.path, function.line,
                       f"{function.name} is neither static nor lb_")


@rule
def machine_path(tree):
    for path in tree.files:
        if path.startswith("script/lintlib/") or path.endswith(
                (".png", ".bin", ".gz")):
            continue
        for n, line in enumerate(tree.text(path).splitlines(), 1):
            for pattern in PLACES + HOSTS:
                if re.search(pattern, line):
                    yield path, n, "names a place of one machine or registry"
            if path.startswith("lib/") and re.search(r'"/tmp', line):
                yield path, n, "writes to /tmp"


@rule
def plant_form(tree):
    """A plant must still fit the line that it changes."""
    for path in tree.files:
        if not path.endswith(".plant"):
            continue
        fields = dict(line.split(": ", 1) for line in
                      tree.text(path).splitlines() if ": " in line)
        if not {"file", "find", "with", "test"} <= fields.keys():
            yield path, 1, "lacks file, find, with or test"
        elif fields["file"] not in tree.files:
            yield path, 1, f"{fields['file']} is not there"
        elif tree.text(fields["file"]).count(fields["find"]) != 1:
            yield path, 1, f"does not fit {fields['file']} exactly once"
