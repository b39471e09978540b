#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Writes lockbus/_abi.py from the public C headers.

    generate.py [INCLUDE_DIR]           writes lockbus/_abi.py
    generate.py --check [INCLUDE_DIR]   exits 1 when it would be another
    generate.py --probe [INCLUDE_DIR]   prints a C program that prints what the
                                        compiler makes of every struct

It reads the C that the headers are written in and no more: a declaration that
it does not know ends it with the header's name, so that nothing is left out in
silence.
"""
from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE / "lockbus" / "_abi.py"
HEADERS = HERE.parent.parent / "include"

SCALARS = {
    "uint8_t": "c_uint8", "uint16_t": "c_uint16", "uint32_t": "c_uint32",
    "uint64_t": "c_uint64", "size_t": "c_size_t", "int": "c_int",
    "unsigned": "c_uint", "bool": "c_bool", "char": "c_char",
}
# Written by hand on the Python side: a failure, and what holds keys or
# functions.
BY_HAND = {"lockbus_error", "lockbus_signer", "lockbus_key_file",
           "lockbus_options", "lockbus_host_line", "lockbus_line"}
TOKEN = re.compile(r"[A-Za-z_]\w*|0[xX][0-9a-fA-F]+|\d+|[^\s\w]")


class HeaderError(Exception):
    """The headers hold something that this generator does not know."""


@dataclass
class Type:
    """A C type as far as the headers use it."""
    kind: str  # "struct", "enum" or "plain"
    name: str
    const: bool = False
    stars: int = 0
    dims: list[int] = field(default_factory=list)
    params: list["Param"] | None = None  # a pointer to a function


@dataclass
class Param:
    """A parameter or a member."""
    name: str
    type: Type


@dataclass
class Headers:
    """All that the headers declare, in the order in which they do."""
    defines: dict[str, str] = field(default_factory=dict)
    constants: dict[str, int] = field(default_factory=dict)
    enums: dict[str, dict[str, int]] = field(default_factory=dict)
    structs: dict[str, list[Param]] = field(default_factory=dict)
    functions: dict[str, tuple[Type, list[Param]]] = field(
        default_factory=dict)
    callbacks: dict[str, Type] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)


class Parser:
    """One header's tokens, taken from the left."""

    def __init__(self, name: str, text: str, out: Headers) -> None:
        self.name, self.out, self.at = name, out, 0
        self.tokens = TOKEN.findall(text)

    def peek(self) -> str:
        """The next token, or nothing at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self, wanted: str | None = None) -> str:
        """The next token, which must be the wanted one."""
        token = self.peek()
        if not token or (wanted is not None and token != wanted):
            near = " ".join(self.tokens[max(0, self.at - 8):self.at + 4])
            raise HeaderError(f"{self.name}: {wanted or 'more'} expected "
                              f"near: {near}")
        self.at += 1
        return token

    def accept(self, token: str) -> bool:
        """Takes the token when it is the next one."""
        if self.peek() != token:
            return False
        self.at += 1
        return True

    def number(self) -> int:
        """A number, or a constant declared before."""
        token = self.take()
        if token in self.out.constants:
            return self.out.constants[token]
        if not token[0].isdigit():
            raise HeaderError(f"{self.name}: {token} is no number")
        return int(token, 0)

    def base(self) -> Type:
        """A type without its stars."""
        const = self.accept("const")
        word = self.take()
        if word in ("struct", "enum"):
            return Type(word, self.take(), const)
        known = (word in SCALARS or word == "void" or
                 word in self.out.callbacks)
        if not known:
            raise HeaderError(f"{self.name}: type {word} is not known")
        return Type("plain", word, const)

    def declarator(self, base: Type) -> Param:
        """What follows a base type: stars, a name, lengths."""
        made = Type(base.kind, base.name, base.const)
        while self.accept("*"):
            made.stars += 1
            self.accept("const")
        if self.accept("("):
            self.take("*")
            name = self.take()
            self.take(")")
            made.params = self.params()
            return Param(name, made)
        name = self.take()
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise HeaderError(f"{self.name}: a name expected, not {name}")
        while self.accept("["):
            made.dims.append(self.number())
            self.take("]")
        return Param(name, made)

    def params(self) -> list[Param]:
        """A list of parameters in its brackets."""
        self.take("(")
        if self.accept("void"):
            if self.accept(")"):
                return []
            self.at -= 1
        params = []
        while True:
            params.append(self.declarator(self.base()))
            if self.accept(")"):
                return params
            self.take(",")

    def enumerators(self) -> dict[str, int]:
        """The values of an enum; each goes on from the one before."""
        values: dict[str, int] = {}
        following = 0
        self.take("{")
        while not self.accept("}"):
            name = self.take()
            following = self.number() if self.accept("=") else following
            values[name] = self.out.constants[name] = following
            following += 1
            if not self.accept(","):
                self.take("}")
                break
        self.take(";")
        return values

    def members(self) -> list[Param]:
        """The members of a struct."""
        members = []
        self.take("{")
        while not self.accept("}"):
            base = self.base()
            members.append(self.declarator(base))
            while self.accept(","):
                members.append(self.declarator(base))
            self.take(";")
        self.take(";")
        return members

    def declaration(self) -> None:
        """One declaration at the top."""
        first, second, third = (self.tokens[self.at:self.at + 3] +
                                ["", "", ""])[:3]
        if first == "enum" and second == "{":
            self.take()
            self.enumerators()
        elif first == "enum" and third == "{":
            self.at += 2
            self.out.enums[second] = self.enumerators()
        elif first == "struct" and third == "{":
            self.at += 2
            self.out.structs[second] = self.members()
        elif first == "struct" and third == ";":
            self.at += 3
            self.out.structs.setdefault(second, [])
        elif first == "typedef":
            self.take()
            made = self.declarator(self.base())
            if made.type.params is None:
                raise HeaderError(f"{self.name}: typedef {made.name}")
            self.out.callbacks[made.name] = made.type
            self.take(";")
        else:
            made = self.declarator(self.base())
            self.out.functions[made.name] = (made.type, self.params())
            self.take(";")

    def run(self) -> None:
        """All declarations."""
        while self.peek():
            self.declaration()


def read_header(root: Path, name: str, out: Headers) -> None:
    """Reads one header, those that it includes first."""
    if name in out.seen:
        return
    out.seen.add(name)
    text = (root / name).read_text(encoding="utf-8")
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    text = text.replace("\\\n", " ")
    for include in re.findall(r"^#include <(lockbus/[\w/.]+)>", text, re.M):
        read_header(root, include, out)
    text = re.sub(r"^#ifdef __cplusplus$.*?^#endif$", "", text,
                  flags=re.S | re.M)
    for key, value in re.findall(r"^#define LOCKBUS_(\w+) (\"[^\"]*\"|\d+)$",
                                 text, re.M):
        out.defines[key] = value
    text = re.sub(r"^\s*#.*$", "", text, flags=re.M)
    text = re.sub(r"\bLOCKBUS_(API|CHECK)\b", "", text)
    Parser(name, text, out).run()


def read_headers(root: Path) -> Headers:
    """Reads lockbus.h and all that it includes; no header may be left."""
    out = Headers()
    read_header(root, "lockbus/lockbus.h", out)
    for path in sorted((root / "lockbus").glob("*.h")):
        if f"lockbus/{path.name}" not in out.seen:
            raise HeaderError(f"lockbus.h does not include {path.name}")
    return out


# ---- Python ----------------------------------------------------------------


def camel(name: str) -> str:
    """lockbus_event_kind to EventKind."""
    words = name.removeprefix("lockbus_").split("_")
    return "".join(word.capitalize() for word in words)


def short(enum: str, name: str) -> str:
    """LOCKBUS_EVENT_SENT of lockbus_event_kind to SENT."""
    whole = enum.removeprefix("lockbus_").upper()
    family = whole.split("_")[0]
    name = name.removeprefix("LOCKBUS_").removeprefix(whole + "_")
    return name.removeprefix(family + "_")


def decay(made: Type) -> Type:
    """A parameter's type: an array is the pointer to its first element."""
    if not made.dims:
        return made
    return Type(made.kind, made.name, made.const, made.stars + 1,
                made.dims[1:], made.params)


def ctype(made: Type) -> str:
    """A type as ctypes writes it."""
    if made.params is not None:
        inner = [ctype(Type(made.kind, made.name, made.const, made.stars))]
        inner += [ctype(decay(p.type)) for p in made.params]
        return f"CFUNCTYPE(\n            {', '.join(inner)})"
    stars = made.stars
    if made.kind == "enum":
        text = "c_uint"  # as both compilers choose when no value is negative
    elif made.kind == "struct":
        text = made.name
    elif made.name == "void":
        text, stars = ("None", 0) if stars == 0 else ("c_void_p", stars - 1)
    elif made.name == "char" and stars > 0:
        text, stars = "c_char_p", stars - 1
    else:
        text = SCALARS.get(made.name, made.name)
    for _ in range(stars):
        text = f"POINTER({text})"
    for dim in reversed(made.dims):
        text = f"{text} * {dim}"
    return text


def argument(made: Type) -> str:
    """A parameter: bytes to read, room to fill, or a plain value."""
    octets = made.name in ("uint8_t", "char") and made.kind == "plain"
    if octets and made.dims:
        return (f"{'c_char_p' if made.const else 'POINTER(c_char)'}, "
                f"{made.dims[0]}")
    if octets and made.stars == 1 and made.name == "uint8_t":
        return "c_char_p, -1" if made.const else "POINTER(c_char), -1"
    return f"{ctype(made)}, 0"


def plain(headers: Headers, name: str) -> bool:
    """Whether a struct holds nothing but values."""
    if name in BY_HAND or not headers.structs[name]:
        return False
    for member in headers.structs[name]:
        made = member.type
        text = made.kind == "plain" and made.name == "char"
        if made.params or made.name in headers.callbacks:
            return False
        if made.stars and not text:
            return False
        if made.kind == "struct" and not plain(headers, made.name):
            return False
    return True


def hint(headers: Headers, made: Type) -> tuple[str, str]:
    """The type hint of a member, and its value when it is left out."""
    if made.kind == "plain" and made.name == "char":
        return "str", ' = ""'
    if made.kind == "plain" and made.name == "uint8_t" and made.dims:
        inner = f"bytes({made.dims[-1]})"
        if len(made.dims) == 1:
            return "bytes", f" = {inner}"
        return "tuple[bytes, ...]", f" = ({inner},) * {made.dims[0]}"
    if made.kind == "struct":
        return f"tuple[{camel(made.name)}, ...]", " = ()"
    if made.kind == "enum":
        # Zero is "unset" where no enumerator has it.
        if 0 in headers.enums[made.name].values():
            return camel(made.name), f" = {camel(made.name)}(0)"
        return f"{camel(made.name)} | None", " = None"
    return ("bool", " = False") if made.name == "bool" else ("int", " = 0")


HEAD = '''\
# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Generated by generate.py from include/lockbus/*.h; not to be edited."""
from __future__ import annotations

from ctypes import (CFUNCTYPE, POINTER, Structure, c_bool, c_char, c_char_p,
                    c_int, c_size_t, c_uint, c_uint8, c_uint16, c_uint32,
                    c_uint64, c_void_p)
from dataclasses import dataclass
from enum import IntEnum
'''


def write_constants(headers: Headers, out: list[str]) -> None:
    """Defines, enumerators of enums without a name, enums."""
    out.append("")
    for name, value in headers.defines.items():
        out.append(f"{name} = {value}")
    named = {name for values in headers.enums.values() for name in values}
    for name, number in headers.constants.items():
        if name not in named:
            out.append(f"{name.removeprefix('LOCKBUS_')} = {number}")
    for enum, values in headers.enums.items():
        out += ["", "", f"class {camel(enum)}(IntEnum):",
                f'    """enum {enum}"""']
        for name, number in values.items():
            shown = f"0x{number:x}" if number > 0xFF else str(number)
            out.append(f"    {short(enum, name)} = {shown}")


def write_structs(headers: Headers, out: list[str]) -> None:
    """The layouts, each before who needs it."""
    callbacks = dict(headers.callbacks)
    for name, members in headers.structs.items():
        for member in members:
            made = callbacks.pop(member.type.name, None)
            if made is not None:
                out += ["", "", f"{member.type.name} = {ctype(made)}"]
        out += ["", "", f"class {name}(Structure):",
                f'    """struct {name}"""']
        if members:
            out.append("    _fields_ = [")
            for member in members:
                out.append(f'        ("{member.name}", '
                           f"{ctype(member.type)}),")
            out.append("    ]")


def write_values(headers: Headers, out: list[str]) -> None:
    """What Python programs see of the structs that are plain values."""
    shown = [name for name in headers.structs if plain(headers, name)]
    for name in shown:
        out += ["", "", "@dataclass(frozen=True, kw_only=True)",
                f"class {camel(name)}:", f'    """struct {name}"""']
        for member in headers.structs[name]:
            if member.name == "size" and member.type.name == "uint32_t":
                continue  # the binding sets it
            kind, default = hint(headers, member.type)
            out.append(f"    {member.name}: {kind}{default}")
    out += ["", "", "# Each plain value and its layout.", "VALUES = {"]
    out += [f"    {camel(name)}: {name}," for name in shown]
    out += ["}"]


def write_functions(headers: Headers, out: list[str]) -> None:
    """What each function returns, and its parameters."""
    out += ["", "# Function: (result, ((parameter, type, octets), ...)); "
            "octets: how many", "# bytes it points to, -1 for any number, 0 "
            "when it does not point to bytes.", "FUNCTIONS = {"]
    for name, (result, params) in headers.functions.items():
        made = "Err" if result.name == "lockbus_err" else ctype(result)
        out.append(f'    "{name}": ({made}, (')
        out += [f'        ("{p.name}", {argument(p.type)}),' for p in params]
        out.append("    )),")
    out += ["}"]
    out += ["", "# Member of a struct: the enum of its value.", "ENUMS = {"]
    for name, members in headers.structs.items():
        out += [f'    ("{name}", "{m.name}"): {camel(m.type.name)},'
                for m in members
                if m.type.kind == "enum" and not m.type.params]
    out += ["}"]


def python_text(headers: Headers) -> str:
    """The whole of _abi.py."""
    out = [HEAD.rstrip("\n")]
    write_constants(headers, out)
    write_structs(headers, out)
    write_values(headers, out)
    write_functions(headers, out)
    return "\n".join(out) + "\n"


# ---- C ---------------------------------------------------------------------


def probe_text(headers: Headers) -> str:
    """A C program that prints `struct member offset size` of every member,
    `struct - 0 size` of every struct and `enum - value size` of every
    enumerator."""
    out = ["/* Generated by generate.py --probe. */",
           "#include <lockbus/lockbus.h>", "#include <stdio.h>",
           "int main(void)", "{"]
    line = '    printf("{} {} %llu %zu\\n", (unsigned long long){}, {});'
    for name, members in headers.structs.items():
        if not members:
            continue
        out.append(line.format(name, "-", 0, f"sizeof(struct {name})"))
        for m in members:
            out.append(line.format(
                name, m.name, f"offsetof(struct {name}, {m.name})",
                f"sizeof(((struct {name} *)0)->{m.name})"))
    for enum, values in headers.enums.items():
        out += [line.format(enum, short(enum, name), name,
                            f"sizeof(enum {enum})") for name in values]
    return "\n".join(out + ["    return 0;", "}"]) + "\n"


def main(argv: list[str]) -> int:
    """The command line."""
    option = argv.pop(0) if argv and argv[0].startswith("--") else ""
    headers = read_headers(Path(argv[0]) if argv else HEADERS)
    if option == "--probe":
        sys.stdout.write(probe_text(headers))
    elif option == "--check":
        if TARGET.read_text(encoding="utf-8") != python_text(headers):
            print(f"{TARGET.name} is not what the headers say; run "
                  "bindings/python/generate.py", file=sys.stderr)
            return 1
    elif option == "":
        TARGET.write_text(python_text(headers), encoding="utf-8")
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
