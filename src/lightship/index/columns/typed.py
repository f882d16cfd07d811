"""Conditions as people type them into a query: `brand:acme price:10..20 -tags:old category:"a > b"`."""

from __future__ import annotations

import re
from typing import NamedTuple

from lightship.core.declaration import Fields
from lightship.core.errors import InvalidInputError
from lightship.index.columns.conditions import MAX_CONDITIONS, parse_value

_TYPED = re.compile(
    r'(?<!\S)(?P<sign>[-+]?)(?P<name>[A-Za-z][A-Za-z0-9_]*):(?:"(?P<quoted>[^"]*)"|(?P<value>[^\s"]+))(?!\S)'
)


class Typed(NamedTuple):
    """What a query says: its `text` without conditions, the conditions, and notices for people."""

    text: str
    conditions: tuple[tuple[str, str], ...] = ()
    notices: tuple[str, ...] = ()


def read_typed(text: str, fields: Fields) -> Typed:
    """Take the conditions on declared fields out of the query `text`.

    What is not a value of its field stays in the text, as words, with a notice.
    """
    conditions: list[tuple[str, str]] = []
    notices: dict[str, None] = {}

    def take(found: re.Match[str]) -> str:
        name, value = found["name"].lower(), found["value"] if found["quoted"] is None else found["quoted"]
        if fields.get(name, "text") == "text" or len(conditions) == MAX_CONDITIONS:
            return found[0]
        try:
            parse_value(name, value, fields)
        except InvalidInputError as error:
            notices[f"“{found[0][:80]}” was read as words: {str(error).partition('; ')[2]}."] = None
            return found[0]
        conditions.append((f"{'-' * (found['sign'] == '-')}{name}", value))
        return " "

    rest = _TYPED.sub(take, text) if ":" in text else text
    return Typed(" ".join(rest.split()) if conditions else text, tuple(conditions), tuple(notices))
