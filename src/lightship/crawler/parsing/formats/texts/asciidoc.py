"""Converts AsciiDoc to HTML, as far as a text to search needs it: headings, code, and what the markup says."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lightship.crawler.parsing.formats.html_head import code_block, html_head, html_page, paragraph

MAX_LINE, MAX_ATTRIBUTES = 10_000, 1000

_HEADING = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*?)(?:[ \t]+\1)?")
_UNDERLINES = "=-~^+"  # of titles in two lines, by level
_UNDERLINE = re.compile(r"(?:={2,}|-{2,}|~{2,}|\^{2,}|\+{2,})")
_ATTRIBUTE = re.compile(r":!?([\w-]{1,60})!?:(?:[ \t]+(.*)|\Z)")
_CODE = re.compile(r"-{4,}|\.{4,}|`{3,}[\w,+-]*")
_LEFT_OUT = re.compile(r"/{4,}|\+{4,}")  # comments, and HTML
_AROUND = re.compile(r"={4,}|\*{4,}|_{4,}|--|\+|[|,:!]={3,}|<<<|'''|'{3,}")
_SILENT = re.compile(r"//(?!/).*|\[\[?[^\]\n]*\]?\]|(?:ifdef|ifndef|ifeval|endif|include|toc)::.*")
_PICTURE = re.compile(r"(?:image|video|audio)::?[^\s\[]{0,200}\[([^\]]{0,200})\]")
_LINK = re.compile(
    r"(xref|link|mailto|footnote|kbd|btn|menu|pass|stem|https?):"
    r"([^\s\[\]:]{0,300}(?:://[^\s\[\]:]{0,300})?(?::\d[^\s\[\]:]{0,300})?)\[([^\]\n]{0,400})\]"
)
_REFERENCE = re.compile(r"<<([^<>,\n]{1,300})(?:,([^<>\n]{0,300}))?>>")
_ANCHOR = re.compile(r"\[\[[^\[\]\n]{1,300}\]\]|\[#[^\[\]\n]{1,300}\]|\(\(\((?:[^()\n]{1,300})\)\)\)")
_NAMED = re.compile(r"\{([\w-]{1,60})\}")
_EMPHASIS = re.compile(r"(?<![\w*_`#])([*_`#+]{1,2})(?=\S)([^*_`#+\n]{1,1000})(?<=\S)\1(?![\w*_`#])")
_ITEM = re.compile(r"\A[ \t]*(?:[*]{1,6}|-|\.{1,6}|\d{1,4}\.|[a-z]\.|<[\d.]{1,4}>)[ \t]+(?:\[[ x*]\][ \t]+)?")
_TERM = re.compile(r"(.{1,500}?)(?:::{1,3}|;;)(?:[ \t]+(.*)|\Z)")
_REVISION = re.compile(r"v?[\w.]{1,20},[ \t]*([^:]{1,40}).*|(\d{4}-\d\d-\d\d)")
_MAIL = re.compile(r"<[^<>]{0,200}>")


def asciidoc_to_html(text: str) -> str:
    """Return AsciiDoc as HTML."""
    reader = _Reader(text)
    blocks = list(reader.blocks())
    said = reader.attributes
    facts = {
        "author": said.get("author", ""),
        "description": said.get("description", ""),
        "modified": said.get("revdate", ""),
    }
    return html_page(html_head("", said.get("lang", ""), **facts), blocks)


class _Reader:
    """Reads the lines of one document; `attributes` are what it calls by names."""

    def __init__(self, text: str) -> None:
        self.attributes: dict[str, str] = {}
        self._lines = [line[:MAX_LINE].rstrip() for line in text.splitlines()]
        self._at = 0

    def blocks(self) -> Iterator[str]:
        """Yield the headings, paragraphs and code as HTML."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            self._at += 1
            heading = self._heading(line)
            if heading:
                level, said = heading
                first = level == 1 and self._at <= 40
                yield paragraph(self._said(said), level)
                if first:
                    self._read_header()
            elif _CODE.fullmatch(line) or _LEFT_OUT.fullmatch(line):
                body = self._until(line)
                yield code_block("\n".join(body)) if _CODE.fullmatch(line) else ""
            elif (found := _ATTRIBUTE.fullmatch(line)) and len(self.attributes) < MAX_ATTRIBUTES:
                self.attributes[found[1]] = found[2] or ""
            elif line and not _AROUND.fullmatch(line) and not _SILENT.fullmatch(line):
                yield from self._paragraph(line)

    def _heading(self, line: str) -> tuple[int, str] | None:
        """Return the level and the text of the heading that begins with `line`; passes its second line."""
        if found := _HEADING.fullmatch(line):
            return len(found[1]), found[2]
        below = self._lines[self._at] if self._at < len(self._lines) else ""
        is_title = line[:1].isalnum() and abs(len(below) - len(line)) <= 2 and _UNDERLINE.fullmatch(below)
        before = self._lines[self._at - 2] if self._at > 1 else ""
        if not is_title or (before and not _SILENT.fullmatch(before)):
            return None
        self._at += 1
        return _UNDERLINES.index(below[0]) + 1, line

    def _read_header(self) -> None:
        """Read the lines with the author and the revision, which may follow the title."""
        for number, line in enumerate(self._lines[self._at : self._at + 2]):
            if not line or not (line[0].isalnum()):
                return
            if number == 0:
                self.attributes["author"] = _MAIL.sub("", line).strip()
            elif found := _REVISION.fullmatch(line):
                self.attributes["revdate"] = (found[1] or found[2]).strip()
            else:
                return
            self._at += 1

    def _until(self, end: str) -> list[str]:
        """Return the lines of a block up to the one that ends it, and pass them."""
        start, end = self._at, "```" if end.startswith("```") else end
        while self._at < len(self._lines) and self._lines[self._at] != end:
            self._at += 1
        self._at += 1
        return self._lines[start : self._at - 1]

    def _paragraph(self, line: str) -> Iterator[str]:
        lines, is_code = [line], line.startswith((" ", "\t")) and not _ITEM.match(line)
        while self._at < len(self._lines) and (following := self._lines[self._at]):
            if self._begins(following):
                break
            lines.append(following)
            self._at += 1
        if is_code:
            yield code_block("\n".join(lines))
            return
        if line.startswith(".") and line[1:2].strip(". "):
            yield paragraph(self._said(lines.pop(0)[1:]))
        if lines and (found := _TERM.fullmatch(lines[0])):
            yield paragraph(self._said(found[1]))
            lines[0] = found[2] or ""
        said = _ITEM.sub("", " ".join(each.strip() for each in lines if not _SILENT.fullmatch(each)), count=1)
        yield paragraph(self._said(" ".join(said.replace("|", " ").split()) if "|" in said else said))

    def _begins(self, line: str) -> bool:
        """Whether `line` begins something else than it stands below of."""
        kinds = (_CODE, _LEFT_OUT, _AROUND, _HEADING, _TERM)
        return _ITEM.match(line) is not None or any(kind.fullmatch(line) for kind in kinds)

    def _said(self, text: str) -> str:
        """Return a text without its inline markup."""
        text = _NAMED.sub(lambda found: self.attributes.get(found[1], found[0]), text)[:MAX_LINE]
        text = _ANCHOR.sub("", _PICTURE.sub(lambda found: found[1].partition(",")[0].strip('"'), text))
        text = _REFERENCE.sub(lambda found: (found[2] or found[1]).strip(), _LINK.sub(_shown, text))
        return _EMPHASIS.sub(r"\2", _EMPHASIS.sub(r"\2", text))


def _shown(link: re.Match[str]) -> str:
    """Return what a macro shows."""
    kind, target, said = link.groups()
    said = said.rstrip("^").strip('"')
    if kind == "menu":
        return f"{target} {said}"
    return f" ({said})" if kind == "footnote" else said or (f"{kind}:{target}" if kind.startswith("http") else target)
