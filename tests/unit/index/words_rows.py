"""What a query finds in a document, by script, language and kind of sign: the form of the rows.

A document is a text and its language. Each of its rows is a query, whether it finds the document, what is marked in the
text, and the reason.
"""

from __future__ import annotations

from typing import NamedTuple

Row = tuple[str, bool, list[str], str]


class Group(NamedTuple):
    """A document and its rows."""

    language: str | None
    text: str
    rows: list[Row]


YES, NO = True, False
