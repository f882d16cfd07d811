"""The addresses that `site:` and `filetype:` find: hosts, their domains, paths, and the ending of the path.

All are exact terms of the field `site`. `address_values` makes those of a document, `site_value` that of a query.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

from ada_url import idna_to_ascii

from lightship.core.caching import cache_short
from lightship.core.unicode import normalize

MAX_LEVELS = 8  # of a path that are indexed; `site:` with more finds what has the first ones

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:/*", re.IGNORECASE)
_LOOSE = re.compile(r"(?:[a-z][a-z0-9+.-]*:/{2,})?(?:[^/?#@]*@)?[*.]*", re.IGNORECASE)
_ENDING = re.compile(r"\.([a-z0-9]{1,8})", re.IGNORECASE)
_DEFAULT_PORTS = (":80", ":443")


def address_values(url: str, site: str) -> list[str]:
    """Return the terms of the document at `url` on `site` (its host, with the port if the url has one)."""
    path = _path_of(url)
    segments = _segments(path)
    ending = _ending_of(path)
    values = [f".{ending}"] if ending else []
    if not site:
        return values
    bare = _host(site).removeprefix("www.")
    values += [f"{bare}/{'/'.join(segments[:count])}" for count in range(1, len(segments) + 1)]
    return [*_hosts(site), *values]


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


def ending_of(url: str) -> str:
    """Return the ending of the path of `url` in lower case, without the dot; empty if it has none."""
    return _ending_of(_path_of(url))


def folders_of(url: str) -> list[str]:
    """Return the segments of the path of `url` as they are compared, without the last one."""
    path = _path_of(url)
    segments = _segments(path)
    return segments if path.endswith("/") or len(segments) == MAX_LEVELS else segments[:-1]


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
        return idna_to_ascii(name).decode().rstrip(".") + colon + port
    except (ValueError, UnicodeError):
        return host.lower()


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
