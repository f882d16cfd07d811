"""How a setting is declared, and how its text is parsed."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from lightship.core.collections import check_name, collections_of, written
from lightship.core.declaration import canonical
from lightship.core.errors import InvalidInputError
from lightship.core.globs import Glob


def setting(default: Any, text: str, parse: Callable[[str], Any] | None = None) -> Any:
    """Declare a setting; `parse` converts its text to its value (by default, the type of `default` does)."""
    return dataclasses.field(default=default, metadata={"help": text, "parse": parse or type(default)})


def number(low: float, high: float, kind: type[int] | type[float] = int) -> Callable[[str], Any]:
    """Return a parser of numbers from `low` to `high`. Like all parsers here, it raises ValueError."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError as error:
            raise ValueError(f"{text!r} is not a {'whole ' if kind is int else ''}number") from error
        if not low <= value <= high:
            raise ValueError(f"must be from {low} to {high}")
        return value

    return parse


_ADDRESS = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%\w+)?)\]|([^\s:/?#@\[\]]*)):([0-9]{1,5})")


def parse_address(text: str) -> tuple[str, int]:
    """Return (host, port) of `host:port`, `:port` or `[v6]:port`; an empty host means all addresses.

    Raises ValueError for anything else, including an IPv6 address without brackets.
    """
    found = _ADDRESS.fullmatch(text)
    if not found or int(found[3]) > 65535:
        raise ValueError(f"{text!r} is not an address; write it like :8080, localhost:8080 or [::1]:8080")
    return found[1] or found[2], int(found[3])


def addresses(text: str) -> tuple[str, ...]:
    """Parse one or more `host:port`, comma-separated."""
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ValueError("name at least one address, like localhost:8080")
    for name in names:
        parse_address(name)
    return names


def optional_addresses(text: str) -> tuple[str, ...]:
    """Parse any number of `host:port`, comma-separated."""
    return addresses(text) if text else ()


def names(text: str) -> tuple[str, ...]:
    """Parse names of hosts or sites, comma-separated."""
    return tuple(name.strip().lower().rstrip("/") for name in text.split(",") if name.strip())


def patterns(text: str) -> tuple[str, ...]:
    """Parse globs over urls, comma-separated."""
    found = tuple(each.strip() for each in text.split(",") if each.strip())
    for each in found:
        Glob(each)
    return found


def key_and_value(text: str) -> str:
    """Parse `key=value`, or an empty string."""
    if text and text.find("=") < 1:
        raise ValueError(f"{text!r} is not a key and a value; write it like source=wiki")
    return text


def declaration(text: str) -> str:
    """Parse declared fields, like `price:number,brand:keyword`; return them in alphabetical order."""
    try:
        return canonical(text)
    except InvalidInputError as error:
        raise ValueError(str(error)) from error


def collections(text: str) -> str:
    """Parse collections and their titles, like `docs:Documentation,blog:Our blog`."""
    try:
        return written(collections_of(text))
    except InvalidInputError as error:
        raise ValueError(str(error)) from error


def collection(text: str) -> str:
    """Parse the name of a collection, or an empty string."""
    try:
        return check_name(text) if text else ""
    except InvalidInputError as error:
        raise ValueError(str(error)) from error


def header(text: str) -> str:
    """Parse the value of an HTTP header."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("not printable ASCII, which a header must be")
    return text


def host(text: str) -> str:
    """Parse the address of a host, without a port."""
    if parse_address(f"[{text}]:0" if ":" in text else f"{text}:0")[0] != text or not text:
        raise ValueError(f"{text!r} is not an address to listen on; write it like 127.0.0.1, 0.0.0.0 or ::")
    return text


_PUBLIC = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]{1,255})(:[0-9]{1,5})?/?")


def public(text: str) -> str:
    """Parse the url of a search page, or an empty string."""
    if text and not _PUBLIC.fullmatch(text):
        raise ValueError(f"{text!r} is not the url of a search page; write it like https://search.example.org/")
    return text.lower().rstrip("/")


def address(text: str) -> str:
    """Parse one `host:port`."""
    parse_address(text)
    return text


def optional_address(text: str) -> str:
    """Parse one `host:port`, or an empty string."""
    return address(text) if text else ""


class Rate(NamedTuple):
    """At most so many `requests` in any `seconds`."""

    requests: int
    seconds: int

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"{self.requests}/{next(unit for unit, seconds in _PERIODS.items() if seconds == self.seconds)}"


_PERIODS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RATE = re.compile(rf"([1-9][0-9]{{0,6}})/([{''.join(_PERIODS)}])")
_DURATION = re.compile(rf"([1-9][0-9]{{0,6}})([{''.join(_PERIODS)}])")


def parse_rate(text: str) -> Rate | None:
    """Parse a rate like `10/s` or `600/m`; None for an empty string."""
    found = _RATE.fullmatch(text)
    if text and not found:
        raise ValueError(f"{text!r} is not a rate; write it like 10/s, 600/m, 1000/h or 5000/d")
    return Rate(int(found[1]), _PERIODS[found[2]]) if found else None


def rate(text: str) -> str:
    """Parse a rate; return it as it is written."""
    return str(parse_rate(text) or "")


def parse_duration(text: str) -> int:
    """Parse a time like `30d` or `12h`; return it in seconds, 0 for `never`."""
    found = _DURATION.fullmatch(text)
    if not found and text != "never":
        raise ValueError(f"{text!r} is not a time; write it like 30d, 12h or never")
    return int(found[1]) * _PERIODS[found[2]] if found else 0


def duration(text: str) -> str:
    """Parse a time; return it as it is written."""
    parse_duration(text)
    return text
