"""The addresses that `site:` and `filetype:` find: hosts, their domains, paths, and the ending of the path.

All are exact terms of the field `site`. `address_values` makes those of a document, `site_value` that of a query.
`Address` is a url taken apart, once for all fields that are made of it.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from ada_url import idna_to_ascii

from lightship.core.caching import cache_short
from lightship.core.model import site_of
from lightship.core.unicode import normalize

MAX_LEVELS = 8  # of a path that are indexed; `site:` with more finds what has the first ones

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/*", re.IGNORECASE)
_LOOSE = re.compile(r"(?:[a-z][a-z0-9+.-]*:/{2,})?(?:[^/?#]*@)?[*.]*", re.IGNORECASE)
_ENDING = re.compile(r"\.([a-z0-9]{1,8})", re.IGNORECASE)
_NOT_IN_HOST = re.compile("[/?#@:*]")  # what signs of full width become
_DEFAULT_PORTS = (":80", ":443")


class Address(NamedTuple):
    """What a url says: `site` is its host (with the port, if it has one), `path` lacks the first slash.

    `segments` are those of the path as they are compared, `ending` is in lower case and without the dot.
    """

    site: str
    path: str
    segments: list[str]
    ending: str

    @property
    def folders(self) -> list[str]:
        """The segments without the last one, unless that is a folder, too."""
        is_folder = self.path.endswith("/") or len(self.segments) == MAX_LEVELS
        return self.segments if is_folder else self.segments[:-1]


def read_address(url: str) -> Address:
    """Return `url` taken apart."""
    path = _path_of(url)
    return Address(site_of(url), path, _segments(path), _ending_of(path))


def address_values(address: Address) -> list[str]:
    """Return the terms of the document at `address`."""
    values = [f".{address.ending}"] if address.ending else []
    if not address.site:
        return values
    place = _host(address.site).removeprefix("www.")
    for segment in address.segments:
        place = f"{place}/{segment}"
        values.append(place)
    return [*_hosts(address.site), *values]


def site_value(text: str) -> str:
    """Return the term that finds what a person means by `text`, as copied from a browser; empty if nothing.

    `HTTPS://www.Example.org/Docs/` is `example.org/docs`, `münchen.example` is `xn--mnchen-3ya.example`.
    """
    loose = _LOOSE.match(text)
    text = re.split("[?#]", text[loose.end() :] if loose else text, maxsplit=1)[0]
    site, _, path = text.partition("/")
    site = _ascii(site.rstrip("*"))
    segments = _segments(path.rstrip("*"))
    if not _host(site):  # a port alone is no site
        return ""
    if segments:
        return f"{_host(site).removeprefix('www.')}/{'/'.join(segments)}"
    return site.removesuffix(next(filter(site.endswith, _DEFAULT_PORTS), ""))


def type_value(text: str) -> str:
    """Return the term for documents whose path ends in `text` (`pdf` or `.pdf`); empty if it is no ending."""
    ending = _ENDING.fullmatch(f".{text.lstrip('*.')}")
    return f".{ending[1].lower()}" if ending else ""


def segments_of(text: str) -> list[str]:
    """Return the segments of a path like `/docs/api/`, as they are compared."""
    return _segments(text)


def _ending_of(path: str) -> str:
    found = _ENDING.fullmatch(path, max(path.rfind("."), path.rfind("/"), 0))
    return found[1].lower() if found else ""


@cache_short(entries=4096, longest=255)
def _hosts(site: str) -> tuple[str, ...]:
    """Return the host with and without its port, its parent domains, and its twin with `www.`."""
    host = _host(site)
    labels = host.split(".")
    is_address = host.replace(".", "").isdecimal() or host.startswith("[")
    domains = [] if is_address else [".".join(labels[i:]) for i in range(1, len(labels))]
    twin = [] if is_address or len(labels) == 1 or labels[0] == "www" else [f"www.{host}"]
    return tuple(dict.fromkeys(name for name in (_ascii(site), host, *domains, *twin) if name))


@cache_short(entries=4096, longest=255)
def _host(site: str) -> str:
    """Return `site` without its port."""
    host, _, port = site.rpartition(":")
    return _ascii(host if port.isdecimal() else site)


def _ascii(host: str) -> str:
    """Return `host` in lower case, an internationalised one as its A-labels (UTS 46)."""
    if host.isascii():
        return host.lower().rstrip(".")
    name, colon, port = host.rpartition(":") if host.rpartition(":")[2].isdecimal() else (host, "", "")
    try:
        mapped = idna_to_ascii(name).decode().strip(".")
    except (ValueError, UnicodeError):
        return host.lower()
    return host.lower() if _NOT_IN_HOST.search(mapped) else mapped + colon + port


def _path_of(url: str) -> str:
    """Return the path of `url`, without the first slash."""
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url
    for mark in "?#":
        rest = rest.partition(mark)[0]
    return rest.partition("/")[2]


def _segments(path: str) -> list[str]:
    """Return the first segments of `path` as they are compared: decoded, and without regard to case."""
    decoded = unquote(path) if "%" in path else path
    if not decoded.isascii():
        decoded = normalize("NFC", decoded)
    return [segment for segment in decoded.lower().split("/")[: 2 * MAX_LEVELS] if segment][:MAX_LEVELS]
