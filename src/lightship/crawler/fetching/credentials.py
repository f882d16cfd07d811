"""Credentials for websites: passwords, tokens, cookies and client certificates, by host, from a file.

They are sent only to the exact host and port of their entry, over TLS unless it says otherwise, and never appear in log
lines, messages or archives.
"""

from __future__ import annotations

import base64
import os
import ssl
import stat
import tomllib
from collections.abc import Mapping
from typing import Any

import msgspec

from lightship.config.setting import parse_address
from lightship.core import urls
from lightship.core.errors import ConfigurationError

PRIVATE_HEADERS = ("Authorization", "Cookie")
_PORTS = {"https": 443, "http": 80}


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's entry of one host; at least one of `basic` (user:password), `bearer`, `cookie` and `certificate`."""

    basic: str = ""
    bearer: str = ""
    cookie: str = ""
    certificate: str = ""  # a PEM file; its path is relative to the credentials file, like that of `key`
    key: str = ""
    plain_http: bool = False

    def __repr__(self) -> str:
        """Return a text without secrets."""
        return "Entry(…)"


class Credential:
    """The credentials for one host: `headers`, and the client certificate in `tls` (None: none), from `files`."""

    def __init__(self, entry: Entry, folder: str) -> None:
        """Load `entry` of a file in `folder`; raises ValueError (without secrets), OSError, ssl.SSLError."""
        self.headers = _headers(entry)
        self.plain_http = entry.plain_http
        self.tls: ssl.SSLContext | None = None
        self.files = [os.path.join(folder, file) for file in (entry.certificate, entry.key) if file]
        if entry.certificate:
            self.tls = ssl.create_default_context()
            self.tls.load_cert_chain(*self.files)
        elif entry.key or not self.headers:
            raise ValueError("set basic, bearer, cookie or certificate (and key, if that is in a separate file)")


class Credentials:
    """The credentials of all hosts, by (host, port); the port of a host without one is 443, and 80 with plain_http."""

    def __init__(self, known: Mapping[tuple[str, int], Credential]) -> None:
        """Hold `known`."""
        self._known = known

    def of(self, url: str) -> Credential | None:
        """Return the credentials for the host of the normal URL `url`, or None."""
        credential = self._known.get(urls.address(url)) if self._known else None
        return credential if credential and (credential.plain_http or url.startswith("https:")) else None

    def withheld(self, url: str) -> bool:
        """Whether the host of `url` has credentials that must not be sent over plain http."""
        return bool(self._known) and urls.address(url) in self._known and self.of(url) is None


def read_credentials(path: str) -> Credentials:
    """Read the file `path`; an empty path means no file. Raises ConfigurationError, which never contains a secret."""
    if not path:
        return Credentials({})
    try:
        with open(path, "rb") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise ConfigurationError(f"credentials {path}: readable by other users; run: chmod 600 {path}")
            tables = tomllib.load(file)
    except OSError as error:
        raise ConfigurationError(f"can't read credentials {path}: {error.strerror}") from error
    except ValueError as error:  # its text names a place, but may contain characters of a secret
        raise ConfigurationError(f"credentials {path}: not valid TOML{_place(error)}") from None
    known: dict[tuple[str, int], Credential] = {}
    for host, table in tables.items():
        credential = _credential(path, host, table)
        known.update(dict.fromkeys(_addresses(path, host, credential.plain_http), credential))
    return Credentials(known)


def _place(error: ValueError) -> str:
    _, found, place = str(error).rpartition(" (at ")
    return f" (at {place}" if found else ""


def _credential(path: str, host: str, table: Any) -> Credential:
    where = f"credentials {path}, host {host!r}"
    try:
        entry = msgspec.convert(table, Entry)
    except msgspec.ValidationError as error:
        known = ", ".join(Entry.__struct_fields__)
        raise ConfigurationError(
            f'{where}: {error}; a host is a table with its name in quotes, ["docs.example.org"], of {known}'
        ) from None
    try:
        return Credential(entry, os.path.dirname(os.path.abspath(path)))
    except (ValueError, OSError) as error:  # ssl.SSLError is one
        raise ConfigurationError(f"{where}: {error}") from None


def _addresses(path: str, host: str, plain_http: bool) -> list[tuple[str, int]]:
    normal = urls.normalise(f"https://{host}/")
    if normal is None or "/" in host or "@" in host:
        raise ConfigurationError(
            f"credentials {path}: {host!r} is not a host; write docs.example.org or docs.example.org:8443"
        )
    name, port = urls.address(normal)
    try:
        parse_address(host)
    except ValueError:
        return [(name, _PORTS[scheme]) for scheme in ("https", "http") if plain_http or scheme == "https"]
    return [(name, port)]


def _headers(entry: Entry) -> dict[str, str]:
    for name in ("basic", "bearer", "cookie"):
        if not getattr(entry, name).isprintable():
            raise ValueError(f"{name} contains characters that are not allowed in a header")
    if entry.basic and entry.bearer:
        raise ValueError("both basic and bearer are set; only one can be sent")
    if entry.basic and ":" not in entry.basic:
        raise ValueError("basic must be user:password")
    headers = {}
    if entry.basic:
        headers["Authorization"] = f"Basic {base64.b64encode(entry.basic.encode()).decode()}"
    if entry.bearer:
        headers["Authorization"] = f"Bearer {entry.bearer}"
    if entry.cookie:
        headers["Cookie"] = entry.cookie
    return headers
