"""Converts reStructuredText to HTML, as far as a text to search needs it: headings, code, and what the markup says.

Directives and roles are those of Sphinx and others, too, which docutils would leave out: what an unknown one contains is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lightship.crawler.parsing.formats.html_head import code_block, html_head, html_page, paragraph

MAX_LINE, MAX_NAMES = 10_000, 500  # characters; substitutions

_ADORNED = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*")
_EXPLICIT = re.compile(r"\.\.(?=\s|\Z)[ \t]*")
_DIRECTIVE = re.compile(r"(?:\|([^|]{1,100})\| )?([A-Za-z0-9][\w:.+-]{0,60}?)[ ]?::(?:[ \t]+(.*))?")
_TARGET = re.compile(r"_[^:]{1,500}:|__:?|\[[^\]]{1,100}\]")
_OPTION = re.compile(r"[ \t]*:([^:\s][^:]{0,60}):(?:[ \t]+(.*)|\Z)")
_RULE = re.compile(r"[ \t]*(?:[=]{2,}(?:[ ]+[=]{2,})+|\+[-=+]{3,})[ \t]*")
_ITEM = re.compile(r"\A[ \t]*(?:[-*+•]|\(?(?:\d{1,4}|#|[A-Za-z])[.)])[ \t]+")
_ROLE = re.compile(
    r"(?::[\w.+:-]{1,60}:)?`[~!]?([^`<\n]{1,1000}?)(?:[ \t]*<([^`<>]{1,1000})>)?`(?::[\w.+-]{1,60}:)?_{0,2}"
)
_LITERAL = re.compile(r"``([^`\n]{1,1000})``")
_EMPHASIS = re.compile(r"(?<![\w*])(\*{1,2})(?=[^\s*])([^*\n]{1,1000})(?<=\S)\1(?![\w*])")
_NAME = re.compile(r"\|([^|\s][^|\n]{0,98})\|_{0,2}")
_ESCAPED = re.compile(r"\\([ -~])")
_HELD = 0xF0000  # added to the code point of an escaped character, which is no markup
_RELEASED = {_HELD + each: chr(each) for each in range(33, 127)} | {_HELD + 32: ""}

_CODE = frozenset({
    "code", "code-block", "sourcecode", "literalinclude", "parsed-literal", "math", "productionlist", "prompt", "doctest",
    "testcode", "testoutput", "ipython", "graphviz", "digraph", "mermaid", "highlight", "program-output", "command-output",
})  # fmt: skip
_LEFT_OUT = frozenset({
    "toctree", "contents", "include", "raw", "index", "meta", "sectnum", "header", "footer", "role", "default-role", "default-domain",
    "currentmodule", "module", "tabularcolumns", "testsetup", "testcleanup", "target-notes", "class", "highlight", "unicode",
})  # fmt: skip
_PICTURES = frozenset({"image", "figure"})
_FACTS = {"author": "author", "authors": "author", "date": "modified", "created": "created", "abstract": "description"}


def rst_to_html(text: str) -> str:
    """Return reStructuredText as HTML."""
    reader = _Reader(text)
    blocks = list(reader.blocks())
    return html_page(html_head("", reader.language, **reader.facts), blocks)


class _Reader:
    """Reads the lines of one document; `facts` are what its first fields say."""

    def __init__(self, text: str) -> None:
        self.facts: dict[str, str] = {}
        self.language = ""
        self._lines = [line[:MAX_LINE].expandtabs(8).rstrip() for line in text.splitlines()]
        self._at = 0
        self._styles: list[tuple[str, bool]] = []  # of adornments, in the order of their levels
        self._names = _substitutions(self._lines)

    def blocks(self) -> Iterator[str]:
        """Yield the headings, paragraphs and code as HTML."""
        self._read_fields()
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            if (level := self._heading(line)) is not None:
                yield paragraph(self._said(self._lines[self._at - 2].strip()), level)
            elif explicit := _EXPLICIT.match(line.lstrip()):
                yield from self._explicit(line.lstrip()[explicit.end() :], _indent(line))
            elif line and not _ADORNED.fullmatch(line.strip()) and not _RULE.fullmatch(line):
                yield from self._paragraph(line)

    def _read_fields(self) -> None:
        """Read the fields with which the document begins, or that follow its title."""
        start = next((number for number, line in enumerate(self._lines[:20]) if _OPTION.fullmatch(line)), None)
        if start is None or any(_is_directive(line) for line in self._lines[:start]):
            return
        for number, line in enumerate(self._lines[start : start + 30], start):
            if not (found := _OPTION.fullmatch(line)):
                break
            name, value = found[1].lower(), (found[2] or "").strip(" $")
            if name in _FACTS:
                self.facts.setdefault(_FACTS[name], value.removeprefix("Date: "))
            elif name in ("lang", "language"):
                self.language = value
            self._lines[number] = ""

    def _heading(self, line: str) -> int | None:
        """Return the level of the heading that begins with `line`, and pass it; None if none does."""
        below = self._lines[self._at] if self._at < len(self._lines) else ""
        under = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        if _ADORNED.fullmatch(line) and below.strip() and under == line and len(line) >= len(below.strip()) // 2:
            self._at += 2
            return self._level((line[0], True))
        is_text = line and line[0] != " " and not _ADORNED.fullmatch(line)
        if is_text and _ADORNED.fullmatch(below) and len(below) >= len(line) // 2 and not below.startswith("::"):
            self._at += 1
            return self._level((below[0], False))
        return None

    def _level(self, style: tuple[str, bool]) -> int:
        if style not in self._styles:
            self._styles.append(style)
        return self._styles.index(style) + 1

    def _block(self, indent: int) -> list[str]:
        """Return the lines that are indented more than `indent`, and pass them."""
        start = self._at
        while self._at < len(self._lines) and (not (line := self._lines[self._at]) or _indent(line) > indent):
            self._at += 1
        return self._lines[start : self._at]

    def _explicit(self, said: str, indent: int) -> Iterator[str]:
        """Yield what a directive, a footnote or a target says; a comment says nothing."""
        found = _DIRECTIVE.fullmatch(said)
        if target := _TARGET.match(said):
            yield paragraph(self._said(said[target.end() :].strip())) if said[0] == "[" else ""
        elif found is None or found[1]:
            self._block(indent)
        else:
            name, options = found[2].rpartition(":")[2].lower(), self._options(indent)
            if name in _PICTURES:
                yield paragraph(self._said(options.get("alt", "")))
            elif name in _CODE:
                yield paragraph(options.get("caption", ""))
                yield code_block(_dedented(self._block(indent)))
            elif name in _LEFT_OUT:
                self._block(indent)
            else:
                yield paragraph(self._said(found[3] or ""))

    def _options(self, indent: int) -> dict[str, str]:
        """Return the options of a directive, and pass them."""
        options = {}
        while self._at < len(self._lines) and _indent(line := self._lines[self._at]) > indent:
            if not (found := _OPTION.fullmatch(line)):
                break
            options[found[1]] = found[2] or ""
            self._at += 1
        return options

    def _paragraph(self, line: str) -> Iterator[str]:
        """Yield a paragraph that begins with `line`, and the code that it announces."""
        indent, lines, is_row = _indent(line), [line], line.lstrip().startswith("|")
        while self._at < len(self._lines) and (following := self._lines[self._at]):
            apart = _ITEM.match(following) or _RULE.fullmatch(following) or _EXPLICIT.match(following.lstrip())
            if apart or is_row or self._is_titled() or _indent(following) < indent:
                break
            lines.append(following)
            self._at += 1
        said = _ITEM.sub("", " ".join(each.strip() for each in lines), count=1)
        if is_row or "|  " in said:
            said = " ".join(said.replace("|", " ").split())
        announces = said.endswith("::")
        yield paragraph(self._said(said.removesuffix("::") + ":" * announces if said != "::" else ""))
        if announces:
            yield code_block(_dedented(self._block(indent)))

    def _is_titled(self) -> bool:
        below = self._lines[self._at + 1] if self._at + 1 < len(self._lines) else ""
        return bool(_ADORNED.fullmatch(below)) and _indent(self._lines[self._at]) == 0

    def _said(self, text: str) -> str:
        """Return a text without its inline markup."""
        parts = _LITERAL.split(text)  # every other one is literal
        parts[::2] = [_plain(_NAME.sub(lambda found: self._names.get(found[1], found[1]), part)) for part in parts[::2]]
        return "".join(parts)


def _plain(text: str) -> str:
    text = _ESCAPED.sub(lambda found: chr(_HELD + ord(found[1])), text)
    text = _ROLE.sub(lambda found: found[1].strip() or found[2] or "", text)
    return _EMPHASIS.sub(r"\2", text).translate(_RELEASED)


def _is_directive(line: str) -> bool:
    return line.lstrip().startswith("..") and "::" in line


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _dedented(lines: list[str]) -> str:
    least = min((_indent(line) for line in lines if line), default=0)
    return "\n".join(line[least:] for line in lines).strip("\n")


def _substitutions(lines: list[str]) -> dict[str, str]:
    """Return the texts that names between bars stand for."""
    names: dict[str, str] = {}
    for line in lines:
        found = _DIRECTIVE.fullmatch(line[3:]) if line.startswith(".. |") else None
        if found and found[1] and found[2] == "replace" and len(names) < MAX_NAMES:
            names[found[1]] = found[3] or ""
    return names
