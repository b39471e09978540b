# SPDX-License-Identifier: Apache-2.0
# Copyright the lockbus authors
"""Whether the Python binding's generated module is what the headers say and
what the C compiler makes of them. argv: C compiler, source folder."""
import ctypes
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CC, SOURCE = sys.argv[1], Path(sys.argv[2])
sys.path.insert(0, str(SOURCE / "bindings" / "python"))

import generate  # noqa: E402
from lockbus import _abi  # noqa: E402
from lockbus._call import ERRORS  # noqa: E402


def compiled(headers, include):
    """What the C compiler makes of the structs and enums."""
    with tempfile.TemporaryDirectory() as folder:
        source, program = Path(folder, "probe.c"), Path(folder, "probe")
        source.write_text(generate.probe_text(headers), encoding="utf-8")
        subprocess.run([CC, "-std=c11", f"-I{include}", source, "-o", program],
                       check=True)
        return set(subprocess.run([program], check=True, text=True,
                                  stdout=subprocess.PIPE).stdout.splitlines())


def bound():
    """The same as the binding has it."""
    lines = set()
    for name, kind in vars(_abi).items():
        if not isinstance(kind, type):
            continue
        if issubclass(kind, ctypes.Structure) and hasattr(kind, "_fields_"):
            lines.add(f"{name} - 0 {ctypes.sizeof(kind)}")
            for field, *_ in kind._fields_:
                at = getattr(kind, field)
                lines.add(f"{name} {field} {at.offset} {at.size}")
        elif issubclass(kind, _abi.IntEnum) and kind is not _abi.IntEnum:
            lines |= {f"{kind.__doc__.removeprefix('enum ')} {item.name} "
                      f"{item.value} {ctypes.sizeof(ctypes.c_uint)}"
                      for item in kind}
    lines.discard("Structure - 0 0")
    return lines


class Abi(unittest.TestCase):
    def changed(self, name, find, put):
        """A copy of the headers with one text changed."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        root = Path(folder.name)
        (root / "lockbus").mkdir()
        for path in (SOURCE / "include" / "lockbus").glob("*.h"):
            text = path.read_text(encoding="utf-8")
            if path.name == name:
                self.assertEqual(text.count(find), 1)
                text = text.replace(find, put)
            (root / "lockbus" / path.name).write_text(text, encoding="utf-8")
        return root

    def test_generated_module_is_what_the_headers_say(self):
        headers = generate.read_headers(SOURCE / "include")
        self.assertEqual(generate.TARGET.read_text(encoding="utf-8"),
                         generate.python_text(headers),
                         "run bindings/python/generate.py")

    def test_layouts_are_what_the_compiler_says(self):
        headers = generate.read_headers(SOURCE / "include")
        self.assertEqual(bound(), compiled(headers, SOURCE / "include"))

    def test_a_wider_member_is_noticed(self):
        root = self.changed("door.h", "uint32_t ticket;", "uint64_t ticket;")
        headers = generate.read_headers(root)
        self.assertNotEqual(generate.TARGET.read_text(encoding="utf-8"),
                            generate.python_text(headers))
        self.assertNotEqual(bound(), compiled(headers, root))

    def test_a_declaration_of_an_unknown_form_is_refused(self):
        root = self.changed("door.h", "uint32_t ticket;", "float ticket;")
        with self.assertRaisesRegex(generate.HeaderError, "door.h.*float"):
            generate.read_headers(root)

    def test_a_header_that_is_not_included_is_refused(self):
        root = self.changed("lockbus.h", "#include <lockbus/journal.h>\n", "")
        with self.assertRaisesRegex(generate.HeaderError, "journal.h"):
            generate.read_headers(root)

    def test_every_exported_function_is_bound(self):
        text = (SOURCE / "lib" / "lockbus.map").read_text(encoding="utf-8")
        exported = set(re.findall(r"^\s+(lockbus_\w+);", text, re.M))
        self.assertEqual(exported - set(_abi.FUNCTIONS), set())
        self.assertEqual(set(_abi.FUNCTIONS) - exported, set())

    def test_every_error_has_an_exception(self):
        self.assertEqual(set(ERRORS), set(_abi.Err) - {_abi.Err.OK})
        for err, kind in ERRORS.items():
            self.assertEqual(kind.__name__, err.name.capitalize() + "Error")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
