"""Session ids in URLs, without which the same pages are found."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

_SESSION_KEYS = frozenset({
    "phpsessid", "jsessionid", "aspsessionid", "sessionid", "session_id", "sessid", "sid", "session", "cfid", "cftoken",
    "zenid", "oscsid", "osccommerce", "s_id", "viewstate", "phpsession", "asp.net_sessionid", "sessiontoken",
})  # fmt: skip
_SESSION_LIKE = re.compile(r"(?=.*\d)[0-9a-zA-Z_,.!-]{8,128}")  # a value that makes a short, ambiguous key a session id
_AMBIGUOUS = frozenset({"sid", "s_id", "session"})
_TOKEN_KEYS = frozenset(
    {"s", "token", "_token", "csrf", "csrf_token", "csrftoken", "authenticity_token", "sesskey", "zid"}
)
_TOKEN = re.compile(r"[0-9a-fA-F]{24,128}")  # a value that makes such a key a session id
_SESSION_PATH = re.compile(
    r";(?:jsessionid|phpsessid|sessionid|sid)=[^/?;]*|/\([SsAa]\([^)/]{8,}\)\)(?=/|$)", re.IGNORECASE
)


class Clean(NamedTuple):
    """A URL without its session ids; `dropped` names their parameters (empty: none)."""

    url: str
    dropped: str


def without_session(url: str) -> Clean:
    """Return the normal URL `url` without session ids in its path or query."""
    if ";" not in url and "?" not in url and "/(" not in url:
        return Clean(url, "")
    head, mark, query = url.partition("?")
    dropped = [found.strip("/;") for found in _SESSION_PATH.findall(head)]
    kept: list[str] = []
    for pair in query.split("&") if mark else ():
        key, _, value = pair.partition("=")
        (dropped if _is_session(unquote(key).lower(), value) else kept).append(pair)
    if not dropped:
        return Clean(url, "")
    head = _SESSION_PATH.sub("", head)
    return Clean(head + (f"?{'&'.join(kept)}" if kept else ""), ", ".join(part.partition("=")[0] for part in dropped))


def _is_session(key: str, value: str) -> bool:
    if key.startswith("aspsessionid"):
        return True
    if key in _TOKEN_KEYS:
        return bool(_TOKEN.fullmatch(value))
    return key in _SESSION_KEYS and (key not in _AMBIGUOUS or bool(_SESSION_LIKE.fullmatch(value)))
