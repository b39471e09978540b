# SPDX-License-Identifier: Apache-2.0
"""Only lib/gate fills in a struct lb_permit: whoever could make one elsewhere
could open a door. Elsewhere a permit may be declared, set to {0} (no permit),
copied from another permit, passed on, and lose pulses."""
import re

EMPTY = r"\{\s*0\s*\}"
# A name of type struct lb_permit, whether variable, parameter or member.
DECLARED = re.compile(r"\bstruct\s+lb_permit\s*(?:const\s*)?\**\s*(\w+)")


def permit_names(tree):
    names = set()
    for source in tree.under("lib", "tools"):
        names |= set(DECLARED.findall(source.code))
    return names - {"const"}


def patterns(names):
    either = "|".join(sorted(map(re.escape, names))) or "(?!)"
    place = rf"\b(?:{either})(?:\[[^\]]*\])?"
    field = rf"{place}\s*(?:\.|->)\s*"
    chain = r"(?:\w+(?:\[[^\]]*\])?\s*(?:\.|->)\s*)*"
    return [
        (r"\(\s*struct\s+lb_permit\s*\)\s*\{(?!\s*0\s*\})",
         "makes a permit with a literal"),
        (r"\(\s*struct\s+lb_permit\s*\*\s*\)", "casts to a permit"),
        (rf"\bstruct\s+lb_permit\s+\w+(?:\[[^\]]*\])?\s*=\s*\{{(?!\s*0\s*\}})",
         "declares a permit that is filled in"),
        (rf"{field}(?:ref|door|deadline_ms)\s*(?:[-+*/|&^%]|<<|>>)?=(?!=)",
         "writes a field of a permit"),
        (rf"{field}(?:ref|door|deadline_ms)\s*(?:\+\+|--)",
         "writes a field of a permit"),
        (rf"{field}pulses\s*(?:\+\+|[+*/|&^%]=|=(?!=)(?!\s*0\s*;))",
         "gives a permit pulses"),
        (rf"(?:\+\+|--)\s*{chain}{field}(?:ref|door|deadline_ms)",
         "writes a field of a permit"),
        (rf"\.(?:{either})\s*=\s*\{{(?!\s*0\s*\}})",
         "fills in a permit inside another struct"),
        (rf"\b(?:memcpy|memmove|memset|lb_copy|lb_crypto_random)\s*\(\s*"
         rf"&\s*{chain}{place}\s*[,.\-]", "writes over a permit's bytes"),
        (rf"(?<!&)&(?!&)\s*{chain}{field}(?:ref|door|deadline_ms|pulses)\b",
         "takes the address of a permit's field"),
    ]


def copies(source, names):
    """Whole permits that are assigned from what is not a permit."""
    either = "|".join(sorted(map(re.escape, names))) or "(?!)"
    for line, match in source.find(
            rf"\b(?:{either})(?:\[[^\]]*\])?\s*=(?!=)\s*([^;]*);"):
        value = match.group(1).strip()
        is_pointer = value in ("NULL",) or value.startswith("&")
        if is_pointer or re.fullmatch(EMPTY, value) or re.search(
                rf"\b(?:{either})\b", value) or re.match(
                    r"\(\s*struct\s+lb_permit\s*\)", value):
            continue
        if declares_pointer_or_other(source.code, match):
            continue
        yield line, "assigns a permit from something else"


def declares_pointer_or_other(code, match):
    """A scalar that happens to bear a permit's name is no permit."""
    before = code[code.rfind("\n", 0, match.start()) + 1:match.start()]
    return re.search(r"\b(?!struct\b|return\b)\w+\s+\**$", before) is not None


def made_elsewhere(tree):
    names = permit_names(tree)
    for source in tree.under("lib", "tools"):
        if source.part() == "lib/gate":
            continue
        faults = dict(copies(source, names))
        for pattern, what in patterns(names):
            faults |= {line: what for line, _ in source.find(pattern)}
        for line, what in sorted(faults.items()):
            yield source.path, line, what
