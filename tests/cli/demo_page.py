#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""demo_page.py PAGE LINES: the demo's page is well-formed, needs nothing from
elsewhere, and its matrix names the doors that the simulated boards named in
the lines that were printed."""
import html.parser
import re
import sys

VOID = {"meta", "input", "br", "hr", "img", "link", "col"}
DOORS = {f"{chr(65 + i // 8)}{i % 8 + 1:02}" for i in range(96)}


class Page(html.parser.HTMLParser):
    """Checks that tags nest and ids are unique; gathers what is compared."""

    def __init__(self):
        super().__init__()
        self.open, self.ids, self.faults = [], set(), []
        self.doors, self.words, self.heading = {}, {}, 0
        self.tables = self.headed = self.held = self.moments = 0

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID:
            self.open.append((tag, attrs.get("id")))
        self.take_id(attrs.get("id"))
        for name in ("src", "href", "srcset", "action", "data"):
            if name in attrs:
                self.faults.append(f"{tag} refers to {attrs[name]}")
        if tag in ("h1", "h2", "h3"):
            level = int(tag[1])
            if level > self.heading + 1:
                self.faults.append(f"{tag} after h{self.heading}")
            self.heading = level
        self.tables += tag == "table"
        self.headed += tag == "th" and attrs.get("scope") is not None
        self.held += tag == "li" and attrs.get("class") == "held"
        self.moments += tag == "tr" and "data-d" in attrs
        if "data-door" in attrs:
            self.take_door(attrs)

    def take_id(self, name):
        if name in self.ids and name is not None:
            self.faults.append(f"two elements are called {name}")
        self.ids.add(name)

    def take_door(self, attrs):
        if attrs["data-door"] in self.doors:
            self.faults.append(f"{attrs['data-door']} has two rows")
        self.doors[attrs["data-door"]] = {
            key: attrs["data-" + key] == "1"
            for key in ("full", "open-n", "lockbus")}

    def handle_endtag(self, tag):
        if not self.open or self.open.pop()[0] != tag:
            self.faults.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        if self.open and self.open[-1][0] == "samp":
            self.words[self.open[-1][1]] = data


def moved(words):
    """The doors of "2 A01,A02"."""
    count, _, names = words.partition(" ")
    doors = set(names.split(",")) - {""}
    assert len(doors) == int(count), f"{count} doors, but {names}"
    return doors


def check(text, lines):
    page = Page()
    page.feed(text)
    page.close()
    assert not page.faults, page.faults
    assert not page.open, f"never closed: {page.open}"
    assert text.startswith("<!doctype html>")
    for outside in ("http:", "https:", "//", "@import", "<link", "<iframe"):
        assert outside not in text, f"{outside} in the page"
    assert re.findall(r"url\((?!data:)", text) == []
    assert "prefers-color-scheme: dark" in text
    assert "prefers-reduced-motion" in text
    assert page.headed > page.tables >= 6

    assert max(map(len, lines.splitlines())) < 80, "wider than a terminal"
    lines = re.sub(r",\n +", ",", lines)  # a list goes on
    said = [moved(line.strip().removeprefix("moved: "))
            for line in lines.splitlines()
            if line.strip().startswith("moved: ")]
    assert len(said) == 2, "two nights"
    assert set(page.doors) == DOORS
    for key, doors in zip(("open-n", "lockbus"), said):
        marked = {d for d, row in page.doors.items() if row[key]}
        assert marked == doors, f"{key}: {sorted(marked ^ doors)}"
        assert moved(page.words["said-" + key]) == doors
    full = {d for d, row in page.doors.items() if row["full"]}
    assert len(full) == 13 and not full & said[1], sorted(full & said[1])
    assert said[0] == DOORS
    assert page.held == lines.count("[ok]")
    assert page.moments > 100


def main():
    with open(sys.argv[1], encoding="utf-8") as page, \
            open(sys.argv[2], encoding="utf-8") as lines:
        check(page.read(), lines.read())


main()
