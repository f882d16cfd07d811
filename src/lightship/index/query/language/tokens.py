"""Splits a query into tokens: words, phrases, filters like `site:`, signs, operators and parentheses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from lightship.index.analysis.versions import CJK, prepared
from lightship.index.fields.address import site_value, type_value
from lightship.index.query.language.expression import FILTERS, Kind, Leaf
from lightship.index.query.language.languages import language_code

MAX_WORDS = 256  # a long paragraph; further words would cost time and hardly change the results
MAX_PREFIXES = 4
LEAST_PREFIX = 3  # characters: shorter ones begin too many words

_CUT = f"Only the first {MAX_WORDS} words of the query were used."

TokenKind = Literal["leaf", "(", ")", "AND", "OR", "NOT"]

# Quotation marks, and what Chinese and Japanese keyboards type
_SIGNS = str.maketrans("“”„‟«»「」『』＂（）：－＋", '""""""""""' + '"():-+')
_TOKEN = re.compile(
    r'(?P<sign>[-+]*)(?:"(?P<phrase>[^"]*)"|(?P<open>\()|(?P<close>\))'
    r'|(?P<name>(?i:site|lang|filetype|intitle|intext|all(?:intitle|inurl|intext|inanchor)|inurl|inanchor|before(?=:\d)|after(?=:\d))):'
    r'(?P<space>\s*)(?:"(?P<quoted>[^"]*)"|(?P<value>[^\s"]+))|(?P<word>[^\s"]+))'
)  # fmt: skip
_PREFIX = re.compile(rf"[^\W_{CJK}]{{{LEAST_PREFIX},}}[_-]?\*+")
_SHORT_PREFIX = re.compile(rf"[^\W_{CJK}]{{2}}\*")
# Each match costs about one lookup: a word (even if punctuation instead of a space separates it), two CJK characters, or
# a symbol
_WORD = re.compile(rf"[{CJK}]{{1,2}}|[^\W_{CJK}]+|[^\w\s\x00-\x7f]")
OPERATORS: dict[str, TokenKind] = {"AND": "AND", "OR": "OR", "NOT": "NOT"}
_KINDS: dict[str, Kind] = {"site": "site", "lang": "language", "filetype": "type", "intitle": "title", "intext": "word"}


@dataclass(slots=True)
class Token:
    """A part of a query: `sign` is what stands directly before it; `text` is a leaf as typed, without its sign."""

    kind: TokenKind
    text: str = ""
    sign: str = ""
    leaf: Leaf | None = None


class Lexer:
    """Reads the tokens of one query; `notices` says what of it has no effect."""

    def __init__(self, text: str) -> None:
        """Read `text`."""
        self._text = prepared(text)[0].translate(_SIGNS)
        self._left = self._operators = MAX_WORDS
        self._prefixes = 0
        self.notices: dict[str, None] = {}

    def tokens(self) -> Iterator[Token]:
        """Yield the tokens, in time linear in the query's length, up to MAX_WORDS words."""
        at = 0
        while self._left >= 0 and (found := _TOKEN.search(self._text, at)):
            at = found.end()
            name = (found["name"] or "").lower()
            value = found["quoted"] if found["value"] is None else found["value"]
            if name and not self._has_value(name, value, found["space"]):
                if found["space"] or found["quoted"] is not None:  # what follows is read for itself
                    at, value = found.start("space"), ""
                yield from self._word(found["sign"], f"{found['name']}:{value}")
            elif name:
                yield from self._filter(found, name, value)
            elif found["open"] or found["close"]:
                yield Token("(" if found["open"] else ")", sign=found["sign"])
            elif found["phrase"] is not None:
                yield from self._leaf(found["sign"], Leaf("phrase", found["phrase"].strip()))
            else:
                yield from self._word(found["sign"], found["word"])

    def _has_value(self, name: str, value: str, space: str) -> bool:
        """Whether `name` is followed by a value; one behind a space must look like it, as in `site: example.org`."""
        value = value.rstrip(")")
        if name == "site":
            return bool(site_value(value)) and (not space or "." in value or "/" in value)
        if name == "lang":
            if not space and language_code(value) is None:
                self.notices[f"“lang:{value}” was read as a word: write a language like lang:de or lang:german."] = None
            return language_code(value) is not None
        if name == "filetype":
            return bool(type_value(value))
        return has_content(value)

    def _filter(self, found: re.Match[str], name: str, value: str) -> Iterator[Token]:
        if found["value"] is not None:
            value, closing = _unbalanced(value)
        else:
            closing = 0
        sign = found["sign"]
        if name in _KINDS:
            kind = _KINDS[name]
            if name == "intext" and not sign:
                sign = "+"
            made = {"site": site_value, "type": type_value, "language": language_code}.get(kind, str)(value)
            yield from self._leaf(sign, Leaf(kind, made or ""))
        else:
            self.notices[f"Not supported here: {name}:. Its words are searched for everywhere."] = None
            yield from self._leaf(sign, Leaf("word", value))
        yield from [Token(")")] * closing

    def _word(self, sign: str, word: str) -> Iterator[Token]:
        word, closing = _unbalanced(word)
        if not sign and word in OPERATORS:
            yield from self._operator(word)
        elif _PREFIX.fullmatch(word) and self._prefixes < MAX_PREFIXES:
            self._prefixes += 1
            yield from self._leaf(sign, Leaf("prefix", word.rstrip("*_-")))
        else:
            if _SHORT_PREFIX.fullmatch(word):
                self.notices[f"“{word}” was read as a word: a * needs {LEAST_PREFIX} letters before it."] = None
            yield from self._leaf(sign, Leaf("word", word))
        yield from [Token(")")] * closing

    def _operator(self, word: str) -> Iterator[Token]:
        """Yield an operator, which is a word if it joins nothing: so there may be as many as words."""
        self._operators -= 1
        if self._operators < 0:
            self.notices[_CUT] = None
            self._left = -1
        else:
            yield Token(OPERATORS[word], word)

    def _leaf(self, sign: str, leaf: Leaf) -> Iterator[Token]:
        """Yield `leaf` unless it has nothing to search for; cut it where the query has had MAX_WORDS words."""
        if not has_content(leaf.text):
            return
        words = list(islice(_WORD.finditer(leaf.text), self._left + 1))
        if len(words) > self._left:
            self.notices[_CUT] = None
            cut = leaf.text[: words[self._left].start()]
            self._left = -1
            if sign == "-" or leaf.kind in FILTERS or not has_content(cut):
                return  # a part of it would exclude or select other documents
            leaf = Leaf(leaf.kind, cut)
        else:
            self._left -= len(words)
        yield Token("leaf", leaf.text, sign, leaf)


def has_content(text: str) -> bool:
    """Whether `text` has anything to search for: a letter, a digit, or a symbol such as an emoji."""
    return any(
        character.isalnum() or (character > "\x7f" and unicodedata.category(character)[0] in "LNS")
        for character in text
    )


def _unbalanced(word: str) -> tuple[str, int]:
    """Return `word` without the parentheses at its end that it does not open, and how many these are."""
    closing = min(len(word) - len(word.rstrip(")")), max(0, word.count(")") - word.count("(")))
    return word[: len(word) - closing], closing
