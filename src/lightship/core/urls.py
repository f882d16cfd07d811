"""Normalisation of urls, so that each page is known by one url only."""

from __future__ import annotations

import re
from urllib.parse import quote

import ada_url
from yarl import URL

from lightship.core.caching import cache_short
from lightship.core.errors import InvalidDocumentError
from lightship.core.model import check_url

MAX_LINK = 16_384  # characters of a link that are read; a normalised url has at most 2,048 bytes

# Query parameters that track visitors and never select a page. A trailing `*` matches any ending.
TRACKING = (
    "utm_*", "mtm_*", "pk_*", "piwik_*", "matomo_*", "hsa_*", "_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp",
    "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "_ga", "_gl", "srsltid", "fbclid", "msclkid", "yclid", "ysclid",
    "_openstat", "twclid", "ttclid", "igshid", "igsh", "li_fat_id", "epik", "mc_cid", "mc_eid", "mkt_tok", "vero_id",
    "vero_conv", "oly_anon_id", "oly_enc_id", "rb_clickid", "wickedid", "irclickid", "zanpid", "spm",
)  # fmt: skip

# Parsed urls that nothing is left to be done about: no percent-encoding, no query, no host whose name is encoded
_PLAIN = re.compile(r"https?://(?!\S{0,255}xn--)[a-z0-9.-]+(?::\d+)?/[\w.~!$&'()*+,;=:@/-]*", re.ASCII)
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_TRACKING_NAMES = frozenset(name for name in TRACKING if not name.endswith("*"))
_TRACKING_HEADS = tuple(name[:-1] for name in TRACKING if name.endswith("*"))


def normalise(link: str, base: str | None = None, encoding: str = "utf-8") -> str | None:
    """Return `link`, resolved against the page `base`, as a normalised http(s) url; None if it is no such url.

    The link is parsed as browsers do (WHATWG URL standard: stray blanks and backslashes, dot segments, IDNA, every
    notation of an IPv4 address, default ports). On a page in a legacy `encoding` (a Python codec), the query is encoded
    in that. The result has minimal percent-encoding (RFC 3986, 6.2.2), and no fragment, credentials, empty query or
    parameters of TRACKING. The order of other parameters is kept. Normalising is idempotent.
    """
    return _normalise(link[:MAX_LINK], _reduced(base, link) if base else None, encoding)


def _reduced(base: str, link: str) -> str:
    """Return the part of `base` that resolving `link` depends on, so that pages of a site share cache entries."""
    if link[:1] == "/" and link[:2] not in ("//", "/\\"):
        return "/".join(base.split("/", 3)[:3]) + "/"
    if link[:1].isalnum():
        return base.partition("?")[0].rpartition("/")[0] + "/"
    return base


@cache_short(entries=10_000, longest=256)  # a site repeats its navigation links on every page
def _normalise(link: str, base: str | None, encoding: str) -> str | None:
    try:
        text = _encoded(link, encoding)
        parsed = ada_url.join_url(base, text) if base else ada_url.normalize_url(text)
        if _PLAIN.fullmatch(plain := parsed.partition("#")[0]):
            return check_url(plain)
        url = URL(parsed)
        if url.scheme not in ("http", "https") or not url.host:
            return None
        query = _without_tracking(url.raw_query_string)
        return check_url(f"{url.origin()}{url.raw_path}{'?' if query else ''}{query}")
    except (ValueError, InvalidDocumentError):
        return None


def site(url: str) -> str:
    """Return the site of a normalised url: its scheme, host and port, like `https://example.org`."""
    return url[: url.index("/", 8)]


def address(url: str) -> tuple[str, int]:
    """Return (host, port) of a normalised url."""
    parsed = URL(url)
    return parsed.raw_host or "", parsed.port or 0


def _without_tracking(query: str) -> str:
    if not query:
        return ""
    return "&".join(
        parameter for parameter in query.split("&") if not _is_tracking(parameter.partition("=")[0].lower())
    )


def _is_tracking(name: str) -> bool:
    return name in _TRACKING_NAMES or name.startswith(_TRACKING_HEADS)


def _encoded(link: str, encoding: str) -> str:
    """Return `link` with its query percent-encoded in the page's `encoding`, as browsers do on legacy pages."""
    if encoding.startswith("utf") or link.isascii():
        return link
    path, mark, query = link.partition("?")
    return path + mark + _FOREIGN.sub(lambda found: quote(found[0].encode(encoding, "xmlcharrefreplace")), query)
