# SPDX-License-Identifier: Apache-2.0
"""One-line changes of C code: what somebody might have written instead."""
import re

LITERAL = re.compile(r'/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'',
                     re.DOTALL)
FUNCTION = re.compile(r"^[a-z].*?\b(\w+)\(")
ENUM = re.compile(r"\benum(?: \w+)? \{(.*?)\}", re.DOTALL)
NAME = re.compile(r"\b[A-Z][A-Z0-9_]+\b")
OTHER = {" < ": " <= ", " <= ": " < ", " > ": " >= ", " >= ": " > ",
         " == ": " != ", " != ": " == ", " && ": " || ", " || ": " && ",
         " + ": " - ", " - ": " + ", "++": "--", "--": "++",
         " += ": " -= ", " -= ": " += ", " | ": " & ", " & ": " | ",
         " >> ": " << ", " << ": " >> "}
STATEMENT = re.compile(r"^(\s+)(?:\(void\))?(?:[a-z_]\w*\(.*\)|"
                       r"[*]?[a-z_][\w.>\[\]()*+ -]*? ?"
                       r"(?:=|\|=|&=|\+=|-=|\+\+|--)(?: .*)?);$")
# A length of an array or of a copy: the builds with sanitizers find those.
LENGTH = re.compile(r"\blb_(?:copy|same|zero)\([^;]*$|"
                    r"\b(?:uint8_t|char|uint32_t) \w+\[$")
DECLARED = re.compile(r"^\s+(?:static |const |unsigned |struct |enum |size_t |"
                      r"u?int\w* |bool |char |return |break|continue|goto )")


def blank(text):
    """The text with comments and literals as spaces, of the same length."""
    return LITERAL.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def enums_of(texts):
    """{constant: the one after it in its enum, or the first}."""
    after = {}
    for text in texts:
        for body in ENUM.findall(blank(text)):
            names = [NAME.match(part.strip()).group()
                     for part in body.split(",") if NAME.match(part.strip())]
            for here, there in zip(names, names[1:] + names[:1]):
                after.setdefault(here, there)
    return after


class Mutant:
    """One line of a file, and what stands there instead."""

    def __init__(self, file, number, old, new):
        self.file, self.number, self.old, self.new = file, number, old, new
        self.function = ""  # that the line is in

    def key(self):
        """The same whatever stands above it in the file."""
        return self.file, self.old.strip(), self.new.strip()


def is_assignment(code, i):
    """Whether an = stands there that is part of no comparison."""
    return code[i:i + 2] == "= " and code[i - 1] not in "!<>="


def operand(code, at, step):
    """From an && or ||, the bounds of the operand on one side of it, when all
    of it stands on this line."""
    depth, i = 0, at if step > 0 else at - 1
    while 0 <= i < len(code):
        c = code[i]
        opens, shuts = ("(", ")") if step > 0 else (")", "(")
        if c in "([" if step > 0 else c in ")]":
            depth += 1
        elif c in ")]" if step > 0 else c in "([":
            if depth == 0:
                break
            depth -= 1
        elif depth == 0 and (c in "?;:" or is_assignment(code, i) or
                             code[min(i, i + step):][:2] in ("&&", "||")):
            break
        i += step
    if depth != 0:
        return None
    text = code[at:i] if step > 0 else code[i + 1:at]
    lead = re.match(r"\s*(?:return )?", text).end() if step < 0 else \
        len(text) - len(text.lstrip())
    if not text[lead:].strip() or text.rstrip().endswith(("=", ",")):
        return None
    start = at + lead if step > 0 else i + 1 + lead
    return start, start + len(text[lead:].rstrip())


def of_line(code, line, after):
    """The lines that may stand in place of one; `code` is it, blanked."""
    for old, new in OTHER.items():
        for m in re.finditer(re.escape(old), code):
            yield line[:m.start()] + new + line[m.end():]
    for m in re.finditer(r"&&|\|\|", code):
        neutral = "true" if m.group() == "&&" else "false"
        for at, step in ((m.start(), -1), (m.end(), 1)):
            found = operand(code, at, step)
            if found:
                yield line[:found[0]] + neutral + line[found[1]:]
    m = re.match(r"^(\s+(?:\} else )?(?:if|while) \()(.*)(\) \{)$", code)
    if m:
        yield (line[:m.end(1)] + "!(" + line[m.start(2):m.end(2)] + ")"
               + line[m.start(3):])
    m = re.match(r"^(\s+return )(?!.*\bLOCKBUS_)([^;]*(?:==|!|<|>|&&|\|\|)"
                 r"[^;]*);$", code)
    if m and "&&" not in code and "||" not in code:
        yield line[:m.end(1)] + "!(" + line[m.start(2):m.end(2)] + ");"
    for m in re.finditer(r"(?<![\w.])(\d+)(?=[uUlL]*\b)", code):
        if LENGTH.search(code[:m.start()]):
            continue
        yield line[:m.start()] + str(int(m.group(1)) + 1) + line[m.end():]
    for m in re.finditer(r"\b(true|false)\b", code):
        other = "false" if m.group() == "true" else "true"
        yield line[:m.start()] + other + line[m.end():]
    for m in NAME.finditer(code):
        if m.group() in after:
            yield line[:m.start()] + after[m.group()] + line[m.end():]
        if m.group().startswith("LOCKBUS_RULE_") and "return" in code and \
                m.group() != "LOCKBUS_RULE_NONE":
            yield line[:m.start()] + "LOCKBUS_RULE_NONE" + line[m.end():]
    if STATEMENT.match(code.rstrip()) and not DECLARED.match(code):
        yield re.match(r"\s*", line).group() + ";"


def of_file(root, file, after):
    """Every mutant of a file, in order, each once."""
    text = (root / file).read_text(encoding="utf-8")
    codes = blank(text).splitlines()
    function = ""
    for number, (code, line) in enumerate(zip(codes, text.splitlines()), 1):
        if code.lstrip().startswith("#") or not code.strip():
            continue
        if named := FUNCTION.match(code):
            function = named.group(1)
        seen = {line}
        for new in of_line(code, line, after):
            if new not in seen:
                seen.add(new)
                mutant = Mutant(file, number, line, new)
                mutant.function = function
                yield mutant
