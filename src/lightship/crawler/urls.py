"""Urls in one normal form, so that a page is known by one url only."""

from __future__ import annotations

import re

from yarl import URL

from lightship.errors import InvalidDocumentError
from lightship.model import check_url

_STRAY = re.compile(r"[\t\r\n]")  # inside a link: browsers drop them


def normalise(link: str, base: str | None = None) -> str | None:
    """Return the http(s) url that `link` means on the page `base`, in normal form; None when it is no such url.

    Host in lower case and IDNA, no default port, no fragment, no credentials, dot segments resolved, percent-encoding
    as short as it can be, at least `/` as path.
    """
    try:
        url = URL(_STRAY.sub("", link).strip())
        if base is not None:
            url = URL(base).join(url)
        if url.scheme not in ("http", "https") or not url.host:
            return None
        return check_url(f"{url.origin()}{url.raw_path_qs}")
    except (ValueError, InvalidDocumentError):
        return None


def site(url: str) -> str:
    """Return the site of a normal url: its scheme, host and port, like `https://example.org`."""
    return str(URL(url).origin())


def address(url: str) -> tuple[str, int]:
    """Return (host, port) of a normal url."""
    parsed = URL(url)
    return parsed.raw_host or "", parsed.port or 0
