"""Converts texts in Rich Text Format (RTF 1.9.1) to HTML."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator

import msgspec

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.codecs import WIDER
from lightship.crawler.parsing.formats.html_head import html_head, html_page, paragraph

MAX_DEPTH = 1000  # of nested groups
MAX_FONTS = 10_000

_TOKENS = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})?[ ]?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z'])|([{}])|[\r\n]+|([^\\{}\r\n]+)"
)
_LEFT_OUT = frozenset({  # destinations whose text is not that of the document
    b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"headerl", b"headerr", b"headerf", b"footer",
    b"footerl", b"footerr", b"footerf", b"fldinst", b"listtable", b"listoverridetable", b"revtbl", b"rsidtbl", b"generator", b"xmlnstbl",
    b"filetbl", b"themedata", b"datastore", b"bkmkstart", b"bkmkend", b"atnid", b"atnauthor", b"annotation", b"private1", b"tc", b"xe", b"sp", b"shprslt",
})  # fmt: skip
_FACTS = {
    b"title": "title",
    b"author": "author",
    b"subject": "description",
    b"creatim": "created",
    b"revtim": "modified",
}
_KEPT = frozenset({b"shptxt", b"pntext", b"footnote", b"shpinst", b"shp"})  # ignorable for others, but with text
_SIGNS = {
    b"tab": "\t", b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“", b"rdblquote": "”",
    b"bullet": "•", b"emspace": " ", b"enspace": " ", b"line": " ", b"cell": " ", b"nestcell": " ",
}  # fmt: skip
_PARAGRAPHS = frozenset({b"par", b"row", b"nestrow", b"sect", b"page"})
_CHARSETS = {  # of fonts, as Windows numbers them
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 130: "johab", 134: "gb18030", 136: "big5hkscs", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250",
}  # fmt: skip
_TIME = ("yr", "mo", "dy", "hr", "min")


class _State(msgspec.Struct):
    """What counts up to the end of a group; `into` is where its text goes: the document, a fact, or nowhere."""

    into: str = "text"
    font: int = -1
    skip: int = 1  # characters after a \\u that stand for it where that is not understood
    level: int = 0  # of a heading


def rtf_to_html(body: bytes) -> str:
    """Return an RTF document as HTML: metadata, headings, paragraphs. Raises InvalidDocumentError."""
    if not body.lstrip().startswith(b"{\\rtf"):
        raise InvalidDocumentError("not RTF: it does not begin with {\\rtf")
    reader = _Reader()
    blocks = list(reader.read(body))
    facts = {name: " ".join(text.split()) for name, text in reader.facts.items()}
    return html_page(html_head(facts.pop("title", ""), **facts), blocks)


class _Reader:
    """Reads the tokens of one document; `facts` are its metadata."""

    def __init__(self) -> None:
        self.facts: dict[str, str] = {}
        self._states = [_State()]
        self._fonts: dict[int, str] = {}
        self._codec = "cp1252"
        self._skip = 0  # characters still to be left out
        self._bytes = bytearray()  # characters that are not decoded yet: some take two
        self._pieces: list[str] = []
        self._ignorable = self._begins = False
        self._time: dict[str, int] = {}

    def read(self, body: bytes) -> Iterator[str]:
        """Yield the paragraphs as HTML."""
        at = 0
        while found := _TOKENS.search(body, at):
            at = found.end()
            word, number, code, sign, brace, text = found.groups()
            if brace:
                self._brace(brace)
            elif code:
                self._take(bytes([int(code, 16)]))
            elif text:
                self._take(text)
            elif sign:
                self._sign(sign)
            elif word == b"bin":
                at += max(int(number or 0), 0)
            elif word:
                if word in _PARAGRAPHS and self._states[-1].into == "text":
                    yield from self._paragraph()
                self._word(word, int(number) if number else None)
            else:  # the end of a line, which means nothing
                continue
            if brace != b"{" and sign != b"*":
                self._begins = self._ignorable = False
        yield from self._paragraph()

    def _paragraph(self) -> Iterator[str]:
        self._decode()
        text = "".join(self._pieces).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        self._pieces = []
        yield paragraph(text.strip(), self._states[-1].level)

    def _brace(self, brace: bytes) -> None:
        self._decode()
        self._skip = 0
        if brace == b"{":
            if len(self._states) == MAX_DEPTH:
                raise InvalidDocumentError(f"RTF with groups nested more than {MAX_DEPTH} deep")
            state = self._states[-1]
            self._states.append(_State(state.into, state.font, state.skip, state.level))
            self._begins = True
        elif (
            len(self._states) > 1
            and (ended := self._states.pop().into) in ("created", "modified")
            and self._states[-1].into != ended
        ):
            self.facts[ended] = self._moment()

    def _moment(self) -> str:
        year, month, day, hour, minute = (self._time.get(name, 0) for name in _TIME)
        self._time.clear()
        return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}"

    def _sign(self, sign: bytes) -> None:
        if sign == b"*":
            self._ignorable = self._begins
        elif sign in (b"\\", b"{", b"}"):
            self._take(sign)
        elif sign in (b"~", b"_", b"\n", b"\r"):
            self._put("-" if sign == b"_" else " ")

    def _word(self, word: bytes, number: int | None) -> None:
        state = self._states[-1]
        if self._begins and self._destination(word):
            return
        if word == b"u" and number is not None:
            self._put(chr(number % 65536))  # a half of a character outside the first plane, too
            self._skip = state.skip
        elif word in _SIGNS:
            self._put(_SIGNS[word])
        elif word in _SETTERS:
            _SETTERS[word](self, 0 if number is None else number)
        elif state.into in ("created", "modified") and (name := word.decode()) in _TIME:
            self._time[name] = min(abs(number or 0), 9999)

    def _destination(self, word: bytes) -> bool:
        """Whether `word` says where the text of the group goes; if so, it goes there."""
        state = self._states[-1]
        if word in _FACTS and state.into == "info":
            state.into = _FACTS[word]
        elif word in _LEFT_OUT or (self._ignorable and word not in _KEPT):
            state.into = word.decode() if word in (b"info", b"fonttbl") else "nowhere"
        else:
            return False
        return True

    def _take(self, text: bytes) -> None:
        left_out = min(self._skip, len(text))
        self._skip -= left_out
        self._bytes += text[left_out:]

    def _decode(self) -> None:
        if self._bytes:
            codec = self._fonts.get(self._states[-1].font, self._codec)
            text = bytes(self._bytes).decode(codec, "replace")
            self._bytes.clear()
            self._put(text)

    def _put(self, text: str) -> None:
        self._decode()
        into = self._states[-1].into
        if into == "text":
            self._pieces.append(text)
        elif into in _FACTS.values() and into not in ("created", "modified"):
            self.facts[into] = (self.facts.get(into, "") + text)[:1000]

    def set_font(self, number: int) -> None:
        """Begin text in a font, which says its encoding."""
        self._decode()
        self._states[-1].font = number

    def set_charset(self, number: int) -> None:
        """Learn the encoding of the font that is being described."""
        if self._states[-1].into == "fonttbl" and number in _CHARSETS and len(self._fonts) < MAX_FONTS and number:
            self._fonts[self._states[-1].font] = _CHARSETS[number]

    def set_codepage(self, number: int) -> None:
        """Learn the encoding of text whose font has none."""
        name = f"cp{number}"
        try:
            self._codec = WIDER.get(name, codecs.lookup("utf-8" if number == 65001 else name).name)
        except LookupError:
            self._codec = "cp1252"

    def set_skip(self, number: int) -> None:
        """Learn how many characters stand for one of Unicode."""
        self._states[-1].skip = max(0, min(number, 16))

    def set_level(self, number: int) -> None:
        """Make the paragraph a heading."""
        self._states[-1].level = number + 1 if 0 <= number < 6 else 0

    def plain(self, _: int) -> None:
        """Begin a paragraph that is no heading."""
        self._states[-1].level = 0


_SETTERS: dict[bytes, Callable[[_Reader, int], None]] = {
    b"f": _Reader.set_font, b"fcharset": _Reader.set_charset, b"ansicpg": _Reader.set_codepage, b"uc": _Reader.set_skip,
    b"outlinelevel": _Reader.set_level, b"pard": _Reader.plain,
}  # fmt: skip
