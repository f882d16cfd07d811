"""The query language: words, "phrases", -excluded, +required, filters like site:, AND, OR, NOT and parentheses.

Every text is a valid query. docs/searching.md says what each part means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import groupby

from lightship.index.query.language.expression import FILTERS, Any, Expression, Leaf, Not, leaves, without_phrases
from lightship.index.query.language.grouping import Reader
from lightship.index.query.language.options import is_command_line, is_minus, is_number
from lightship.index.query.language.pasted_url import read_url
from lightship.index.query.language.tokens import MAX_WORDS, OPERATORS, Lexer, Token, has_content, is_beginning

__all__ = ["MAX_WORDS", "Query", "parse_query"]

_PLAIN = re.compile(r"[a-z0-9 ]{0,2000}", re.IGNORECASE | re.ASCII)


@dataclass
class Query:
    """A parsed query: what ranks documents, and what they must and must not have.

    `words` (as often as they were typed) and `prefixes` (beginnings of words) rank. `phrases` rank and are required.
    `excluded` are words or phrases that must not occur. `sites` are alternatives, in the form of `site_value`.
    `required` holds everything else that is required; words in it are also in `words`. A document whose url is one of
    `url_variants` comes first. `begun` is the last of `words` where it also stands for the words that begin with it.
    `typed` are words that few documents have, which come first: `words` has what they were corrected to.
    """

    words: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    excluded_sites: list[str] = field(default_factory=list)
    required: list[Expression] = field(default_factory=list)
    url_variants: tuple[str, ...] = ()
    begun: str = ""
    typed: list[str] = field(default_factory=list)
    notice: str | None = None

    @property
    def is_empty(self) -> bool:
        """True if the query has no clauses."""
        return not (self._ranks or self.excluded or self.sites or self.excluded_sites or self.required)

    @property
    def all_prefixes(self) -> list[str]:
        """The prefixes that rank, and those that only select documents."""
        selecting = [leaf.text for node in self.required for leaf in leaves(node) if leaf.kind == "prefix"]
        return list(dict.fromkeys([*self.prefixes, *selecting, *filter(None, [self.begun])]))

    @property
    def requires_text(self) -> bool:
        """True if something in `required` asks for text, so that it selects the documents, and words only rank."""
        return any(leaf.kind not in FILTERS for node in self.required for leaf in leaves(node, positive=True))

    @property
    def _ranks(self) -> bool:
        return bool(self.words or self.prefixes or self.phrases)

    def with_last_begun(self, text: str) -> Query:
        """Return the query, made from `text`, with its last word as one that is being typed, if it can be one."""
        last = self.words[-1] if self.words else ""
        if not (is_beginning(last) and text.endswith(last)) or self.phrases:
            return self
        return replace(self, begun=last)

    def without_phrases(self) -> Query | None:
        """Return the query with the words of its phrases instead of them; None if it has no phrase."""
        required = [leaf for node in self.required for leaf in leaves(node, positive=True)]
        phrases = [*self.phrases, *(leaf.text for leaf in required if leaf.kind == "phrase")]
        if not phrases:
            return None
        if len(phrases) == 1:
            notice = f"No page has exactly “{phrases[0]}”; showing pages with its words."
        else:
            notice = "No page has exactly these phrases; showing pages with their words."
        words = [word for phrase in self.phrases for word in phrase.split()]
        return replace(
            self, words=[*self.words, *words], phrases=[], required=[without_phrases(node) for node in self.required],
            notice=_joined(self.notice, notice),
        )  # fmt: skip


def parse_query(text: str) -> Query:
    """Parse `text`; an unpaired quote or parenthesis, signs alone, and words beyond MAX_WORDS are ignored."""
    if _PLAIN.fullmatch(text):  # nearly all queries; this takes a tenth of the time
        plain = text.split()
        if len(plain) <= MAX_WORDS and OPERATORS.keys().isdisjoint(plain):
            return Query(plain)
    pasted = read_url(text)
    if pasted:
        lexer = Lexer(pasted.words)
        words = [token.text for token in lexer.tokens() if token.leaf and token.leaf.kind == "word"]
        return Query(words=words or [pasted.words], url_variants=pasted.variants, notice=_joined(*lexer.notices))
    lexer = Lexer(text)
    tokens = list(lexer.tokens())
    _read_options(tokens, lexer.notices)
    query = Query()
    reader = Reader(tokens, lexer.notices)
    for node, is_required in reader.parts():
        _add(query, node, is_required=is_required)
    _join_filters(query)
    if not (query._ranks or query.sites or query.excluded_sites or query.required):  # noqa: SLF001
        _search_for_excluded(query, lexer.notices)
    query.notice = _joined(*lexer.notices)
    return query


def _read_options(tokens: list[Token], notices: dict[str, None]) -> None:
    """Make words of the options of a command line, and of what follows a minus sign."""
    signed = [(token.sign, token.text) for token in tokens if token.sign and token.leaf and token.leaf.kind == "word"]
    if not signed:
        return
    for token in tokens:
        if token.sign == "+" and is_number(token.text):  # +1, +49 30
            token.sign = ""
    command = is_command_line(tokens[0].text if not tokens[0].sign else "", signed)
    for token in tokens:
        if token.sign != "-" or not token.leaf or token.leaf.kind not in ("word", "prefix"):
            continue
        if command or is_minus(token.text):
            token.sign = ""
            if len(token.text) > 1:
                notices[f"“-{token.text}” was searched for, not excluded; to exclude it, write NOT {token.text}."] = (
                    None
                )


def _add(query: Query, node: Expression, *, is_required: bool) -> None:
    """Add a part of the query to the attributes that it belongs to."""
    if isinstance(node, Leaf):
        kind, text = node.kind, node.text
        if kind == "phrase":
            query.phrases += [text] * (text not in query.phrases)
        elif kind == "site":
            query.sites.append(text)
        elif kind == "word" and not is_required:
            query.words.append(text)
        elif kind == "prefix" and not is_required:
            query.prefixes.append(text)
        else:
            _require(query, node)
    elif isinstance(node, Not) and isinstance(node.part, Leaf) and node.part.kind in ("word", "phrase"):
        query.excluded.append(node.part.text)
    elif isinstance(node, Not) and isinstance(node.part, Leaf) and node.part.kind == "site":
        query.excluded_sites.append(node.part.text)
    else:
        _require(query, node)


def _require(query: Query, node: Expression) -> None:
    """Add `node` to what is required; its words rank, too."""
    query.required.append(node)
    for leaf in leaves(node, positive=True):
        if leaf.kind == "prefix":
            query.prefixes.append(leaf.text)
        elif leaf.kind not in FILTERS:
            query.words += leaf.text.split()


def _join_filters(query: Query) -> None:
    """Make alternatives of repeated filters: `lang:de lang:fr` finds documents in either language."""
    same = [node for node in query.required if isinstance(node, Leaf) and node.kind in FILTERS]
    others = [node for node in query.required if node not in same]
    same.sort(key=lambda leaf: leaf.kind)
    query.required = others + [
        alternatives[0] if len(alternatives) == 1 else Any(alternatives)
        for _, group in groupby(same, key=lambda leaf: leaf.kind)
        if (alternatives := tuple(group))
    ]


def _search_for_excluded(query: Query, notices: dict[str, None]) -> None:
    """Make words of a query that excludes only: nobody asks for all other documents."""
    if query.excluded:
        shown = " ".join(f"“{text}”" for text in query.excluded[:3])
        notices[f"Nothing else was asked for, so {shown} was searched for, not excluded."] = None
    query.words = [word for text in query.excluded for word in text.split() if has_content(word)]
    query.excluded = []


def _joined(*notices: str | None) -> str | None:
    return " ".join(filter(None, notices)) or None
