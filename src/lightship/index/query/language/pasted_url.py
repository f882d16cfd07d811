"""Recognizes a query that is one url, as pasted from a browser, and lists the urls under which its page may be stored."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote

from lightship.core.urls import normalise

MAX_VARIANTS = 24
_LONGEST = 2048  # characters, as MAX_URL_BYTES

_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*://)?(?P<host>(?:[^\s/?#@]*@)?(?:\[[0-9a-f:.]+\]|[^\s/?#\"()@\[\]<>]*))(?P<rest>[/?#]\S*)?",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?:[\w-]+\.)+(?:[^\W\d_]{2,}|xn--[\w-]+)\.?(?::\d+)?|(?:\d+\.){3}\d+:\d+", re.IGNORECASE)
_WEB = ("https://", "http://")
_SAFE = "/:?#[]@!$&'()*+,;=%~"


class PastedUrl(NamedTuple):
    """The `variants` of a url, most likely first, and the `words` to search for if none is indexed."""

    variants: tuple[str, ...]
    words: str


def read_url(text: str) -> PastedUrl | None:
    """Return the url that `text` is, with or without its scheme; None if it is anything else."""
    text = text.strip().strip("<>")
    found = _URL.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or not (found["scheme"] or _HOST.fullmatch(found["host"])):
        return None
    scheme, host = (found["scheme"] or "").lower(), found["host"].rpartition("@")[2].lower()
    if not host and (scheme in _WEB or not found["rest"]):
        return None
    rest = (found["rest"] or "/").partition("#")[0] or "/"
    rest = rest if rest.startswith("/") else f"/{rest}"
    words = " ".join(unquote(rest).replace("/", " ").split())
    if not scheme and not host.startswith("www."):
        words = text  # it may also be a name, like node.js or src.old/main.c
    variants = dict.fromkeys([text] if scheme else []) | _variants(scheme, host, rest)
    return PastedUrl(tuple(variants)[:MAX_VARIANTS], words or host)


def _variants(scheme: str, host: str, rest: str) -> dict[str, None]:
    """Return the urls of one page: both schemes, with and without `www.` and a slash at the end, encoded or not."""
    if scheme and scheme not in _WEB:
        return dict.fromkeys([f"{scheme}{host}{rest}", f"{scheme}{host}{quote(rest, safe=_SAFE)}"])
    schemes = dict.fromkeys([scheme or _WEB[0], *_WEB])
    twin = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    path, mark, query = rest.partition("?")
    slashed = path.removesuffix("/") if path.endswith("/") and path != "/" else f"{path.rstrip('/')}/"
    urls = (
        f"{each}{name}{ending}{mark}{query}" for ending in (path, slashed) for name in (host, twin) for each in schemes
    )
    variants: dict[str, None] = {}
    for url in urls:
        variants |= dict.fromkeys(filter(None, (normalise(url), url, unquote(url))))
    return variants
