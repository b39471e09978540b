# SPDX-License-Identifier: Apache-2.0
"""One bug on purpose: tests/plants/NAME.plant, whose lines script/plants
explains."""

NEEDS = {"file", "find", "with", "test"}


class Plant:
    """What a plant's file says."""

    def __init__(self, path):
        self.name = path.stem
        fields = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            key, sep, value = line.partition(": ")
            if sep and key in NEEDS | {"case", "says"}:
                fields[key] = value
        self.missing = NEEDS - fields.keys()
        self.file = fields.get("file", "")
        self.find = fields.get("find", "")
        self.becomes = fields.get("with", "")
        self.test = fields.get("test", "").strip()
        self.case = fields.get("case", "").strip() or None
        self.says = fields.get("says", "").strip() or None

    def write(self, root, folder):
        """The planted copy of its file, below the folder."""
        if self.missing:
            raise ValueError(f"it lacks {', '.join(sorted(self.missing))}")
        text = (root / self.file).read_text(encoding="utf-8")
        if text.count(self.find) != 1:
            raise ValueError("the text to find occurs "
                             f"{text.count(self.find)} times, not once")
        there = folder / self.file
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text.replace(self.find, self.becomes),
                         encoding="utf-8")
        return there


def read_all(root):
    return [Plant(path) for path in
            sorted((root / "tests" / "plants").glob("*.plant"))]
