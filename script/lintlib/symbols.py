# SPDX-License-Identifier: Apache-2.0
"""What can only be seen in the compiled library: which names it exports, and
whether it holds anything that can be written."""
import re
import subprocess

# Sections that are written once by the loader and are read-only after it.
CONSTANT = (".data.rel.ro", ".init_array", ".fini_array", ".eh_frame",
            ".got", ".dynamic")
COMPILER = re.compile(r"^(__|_|completed\.|frame_dummy|__gcov|\.L)")
GENERATED = re.compile(r"__descriptor|__default_|_init_value|field_descriptors"
                       r"|number_ranges|field_indices|enum_values")


def exported(library):
    said = subprocess.run(["nm", "-D", "--defined-only", library], check=True,
                          capture_output=True, text=True).stdout
    return {line.split()[-1].split("@")[0] for line in said.splitlines()
            if line.split()[-2] != "A"}


def in_map(tree):
    text = re.sub(r"#[^\n]*|/\*.*?\*/", "", tree.text("lib/lockbus.map"),
                  flags=re.S)
    shown = text.split("global:")[1].split("local:")[0]
    return set(re.findall(r"[\w*]+", shown))


def declared(tree):
    names = set()
    for source in tree.under("include"):
        for _, match in source.find(r"(?m)^LOCKBUS_API\b([^;]*);"):
            names.add(re.search(r"(lockbus_\w+)\s*\(", match.group(1))
                      .group(1))
    return names


def check_names(tree, library):
    there, mapped, said = exported(library), in_map(tree), declared(tree)
    for name in sorted(there ^ mapped):
        where = "the library" if name in there else "lib/lockbus.map"
        yield "lib/lockbus.map", 1, f"{name} is in {where} only"
    for name in sorted(there ^ said):
        where = "the library" if name in there else "the headers"
        yield "include/lockbus", 1, f"{name} is in {where} only"
    if "CHANGELOG.md" in tree.files:
        text = tree.text("CHANGELOG.md")
        for name in sorted(there):
            if not re.search(rf"\b{name}\b", text):
                yield "CHANGELOG.md", 1, f"does not list {name}"


def check_variables(_, library):
    said = subprocess.run(["objdump", "-t", library], check=True,
                          capture_output=True, text=True).stdout
    for line in said.splitlines():
        match = re.match(r"\w+ .{6}[O ] (\.\S+|\*COM\*)\s+(\w+)\s+(.*)", line)
        if not match or int(match.group(2), 16) == 0:
            continue
        section, name = match.group(1), match.group(3).split()[-1]
        if section.startswith((".data", ".bss", ".tdata", ".tbss", "*COM*")) \
                and not section.startswith(CONSTANT) \
                and not COMPILER.match(name) and not GENERATED.search(name):
            yield "lib", 1, f"{name} can be written ({section})"


RULES = {"exported-names": check_names, "mutable-variable": check_variables}
