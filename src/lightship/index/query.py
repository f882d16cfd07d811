"""The query language: words, "phrases", -excluded, site:host. Every text is a query; none is an error."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_WORDS = 64  # more words than any person types cost time and change nothing

_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"'))
_CLAUSE = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)"|site:(?P<site>[^\s"]+)|(?P<word>[^\s"]+)|")')


@dataclass
class Query:
    """What a person asked for. `words` rank, `phrases` are required, `excluded` are word groups that must not occur."""

    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    sites: list[str] = field(default_factory=list)
    excluded_sites: list[str] = field(default_factory=list)
    notice: str | None = None

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing was asked for."""
        return not (self.words or self.phrases or self.excluded or self.sites or self.excluded_sites)


def parse_query(text: str) -> Query:
    """Return the query that `text` means; a quote without a partner is left out, and so is what exceeds MAX_WORDS."""
    query, count = Query(), 0
    for clause in _CLAUSE.finditer(text.translate(_QUOTES)):
        minus, content = clause["minus"], clause["phrase"] or clause["word"] or ""
        if clause["site"]:
            (query.excluded_sites if minus else query.sites).append(clause["site"].lower().strip("/"))
            continue
        count += len(content.split())
        if count > MAX_WORDS:
            query.notice = f"Only the first {MAX_WORDS} words of the query were used."
            break
        if not content:
            continue
        if minus:
            query.excluded.append(content)
        elif clause["phrase"]:
            query.phrases.append(content)
        else:
            query.words.append(content)
    return query
