"""The query language: words, "phrases", -excluded, site:host. Every text is a valid query."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from lightship.index.fields.analysis import CJK, prepared

MAX_WORDS = 64  # more than a person types; further words would cost time and hardly change the results

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))
_CLAUSE = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"|site:(?P<site>[^\s"]+)|(?P<word>[^\s"]+)|")')
# Each match costs about one lookup: a word (even if punctuation instead of a space separates it), or two CJK characters
_WORD = re.compile(rf"[{CJK}]{{1,2}}|[^\W_{CJK}]+")
_SITE = re.compile(r"(?:[a-z][a-z0-9+.-]*://)?([^/]*)")  # people paste it from their browser's address bar


@dataclass
class Query:
    """A parsed query. `words` rank, `phrases` are required, `excluded` are words or phrases that must not occur."""

    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    excluded_sites: list[str] = field(default_factory=list)
    notice: str | None = None

    @property
    def is_empty(self) -> bool:
        """True if the query has no clauses."""
        return not (self.words or self.phrases or self.excluded or self.sites or self.excluded_sites)


def parse_query(text: str) -> Query:
    """Parse `text`; an unpaired quote and words beyond MAX_WORDS are ignored."""
    query, left = Query(), MAX_WORDS
    for clause in _CLAUSE.finditer(prepared(text)[0].translate(_QUOTES)):
        content = clause["phrase"] or clause["word"] or clause["site"] or ""
        words = list(islice(_WORD.finditer(content), left + 1))
        if len(words) > left:
            query.notice = f"Only the first {MAX_WORDS} words of the query were used."
            content = "" if clause["site"] or clause["minus"] else content[: words[left].start()]
        left -= len(words)
        if content:
            _add(query, clause, content)
        if left < 0:
            break
    return query


def _add(query: Query, clause: re.Match[str], content: str) -> None:
    if clause["site"]:
        found = _SITE.match(content.lower())
        site = found[1] if found else ""
        if site:
            (query.excluded_sites if clause["minus"] else query.sites).append(site)
    elif clause["minus"]:
        query.excluded.append(content)
    elif clause["phrase"]:
        query.phrases.append(content)
    else:
        query.words.append(content)
