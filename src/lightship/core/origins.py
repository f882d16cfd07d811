"""Origins of web pages (RFC 6454), and patterns for them."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

EVERYBODY = "*"


class Origins:
    """Origins like `https://example.org`; `https://*.example.org` are all subdomains, and `*` is every origin."""

    def __init__(self, patterns: Sequence[str]) -> None:
        """Allow the origins of `patterns`, which `parse_origins` returned."""
        self.everybody = EVERYBODY in patterns
        self._exact = {each for each in patterns if "*" not in each}
        self._subdomains = [each.split("*", 1) for each in patterns if "://*." in each]

    def __bool__(self) -> bool:
        """Whether any origin is allowed."""
        return bool(self.everybody or self._exact or self._subdomains)

    def allow(self, origin: str) -> bool:
        """Return True if `origin`, the value of an Origin header, is one of these."""
        if self.everybody or origin in self._exact:
            return True
        return any(
            origin.startswith(before) and origin.endswith(after) and _is_name(origin[len(before) : -len(after)])
            for before, after in self._subdomains
        )


def parse_origins(text: str) -> tuple[str, ...]:
    """Parse origins, comma-separated; raises ValueError that says how to write them."""
    found = tuple(each.strip().rstrip("/").lower() for each in text.split(",") if each.strip())
    for each in found:
        if each != EVERYBODY and not _is_origin(each.replace("://*.", "://", 1)):
            raise ValueError(
                f"{each!r} is not an origin; write it like https://example.org or http://localhost:3000; "
                "https://*.example.org means all subdomains, and * every origin"
            )
    return found


def _is_origin(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    plain = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{'' if port is None else f':{port}'}"
    return parts.scheme in ("http", "https") and text == plain and (":" in host or _is_name(host))


def _is_name(text: str) -> bool:
    return text.isascii() and all(each.replace("-", "").replace("_", "").isalnum() for each in text.split("."))
