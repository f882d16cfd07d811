"""Search keys: signed by the deployment's secret, so that each replica checks them by itself.

A key is `lsk1.PAYLOAD.MAC`: a JSON array and its HMAC-SHA256, both as base64url without padding. The signing key is
derived from the secret, so that a key reveals nothing that could sign anything else. What a later version adds to the
array makes a key invalid for this one, which would not know the restriction.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Literal
from urllib.parse import parse_qsl

import msgspec

from lightship.config.setting import parse_rate
from lightship.core.collections import COLLECTION
from lightship.core.errors import InvalidInputError, UnauthorizedError
from lightship.core.model import clean_text
from lightship.core.origins import Origins

PREFIX = "lsk1."
MAX_KEY = 4096  # characters
INVALID = "invalid key: it was changed, or signed with another secret; create one with `lightship key new`"

_DERIVED = b"lightship search keys 1"  # what the secret signs to derive the signing key
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Key(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a key allows. `expires` is in seconds since the epoch, 0: never; `filter` is in the form of a search's filters.

    It may be used by web pages of `origins` only, if there are any, and as often as `rate` says, like `10/s`.
    """

    right: Literal["search"]
    name: str
    expires: int = 0
    filter: str = ""
    origins: tuple[str, ...] = ()
    rate: str = ""


class OpenedKey:
    """A key whose signature is right, with what checking it needs."""

    def __init__(self, key: Key) -> None:
        """Prepare to check `key`."""
        self.key, self.name, self.expires = key, key.name, key.expires
        self.bucket = f"key {key.name}"
        self.origins, self.rate = Origins(key.origins), parse_rate(key.rate)

    @cached_property
    def conditions(self) -> tuple[tuple[str, str], ...]:
        """The conditions of its filter; raises InvalidInputError."""
        return read_filter(self.key.filter)

    @cached_property
    def told(self) -> bytes:
        """Bytes that differ from those of every other key."""
        return msgspec.json.encode(self.key)


def signing_keys(secrets: Sequence[str]) -> tuple[bytes, ...]:
    """Return the keys that sign search keys, one for each secret."""
    return tuple(hmac.digest(os.fsencode(secret), _DERIVED, "sha256") for secret in secrets)


def sign(key: Key, signing: bytes) -> str:
    """Return `key` as it is sent."""
    signed = PREFIX + _encoded(msgspec.json.encode(key))
    return f"{signed}.{_encoded(hmac.digest(signing, signed.encode(), hashlib.sha256))}"


def open_key(token: str, signing: tuple[bytes, ...]) -> OpenedKey:
    """Return the key in `token`, signed with one of `signing`; raises UnauthorizedError. It may have expired."""
    if len(token) > MAX_KEY:
        raise UnauthorizedError(INVALID)
    signed, _, mac = token.rpartition(".")
    shown = mac.encode("latin-1", "replace")
    macs = [_encoded(hmac.digest(each, signed.encode("utf-8", "replace"), hashlib.sha256)).encode() for each in signing]
    if not sum(hmac.compare_digest(each, shown) for each in macs):  # compares all, even after a match
        raise UnauthorizedError(INVALID)
    try:
        payload = signed.removeprefix(PREFIX)
        return OpenedKey(msgspec.json.decode(base64.urlsafe_b64decode(f"{payload}=="), type=Key))
    except (msgspec.MsgspecError, UnicodeDecodeError, binascii.Error, ValueError) as error:
        raise UnauthorizedError(
            "this key was made by another version of Lightship; create one with `lightship key new`"
        ) from error


def read_filter(text: str) -> tuple[tuple[str, str], ...]:
    """Return the conditions in `text`, like `f.team=red&-f.tags=old`; a name keeps the `-` that excludes.

    Nothing is left out, since that would let a key see more: raises InvalidInputError for whatever is not a condition.
    """
    if not text:
        return ()
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=100)
    except (ValueError, UnicodeError) as error:
        raise InvalidInputError(
            f"invalid filter {text[:80]!r}: {error}; write it like f.team=red&-f.tags=old"
        ) from error
    found = []
    for name, value in pairs:
        if name == "in" and (named := [each.strip() for each in clean_text(value).split(",") if each.strip()]):
            found += [(COLLECTION, each) for each in named]
            continue
        sign, field = "-" * name.startswith("-"), name.removeprefix("-")
        if not field.startswith("f.") or not field[2:] or not clean_text(value).strip():
            raise InvalidInputError(
                f"invalid filter {f'{name}={value}'[:80]!r}: write conditions like f.team=red&-f.tags=old"
            )
        found.append((f"{sign}{field[2:]}", clean_text(value)))
    return tuple(found)


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a key."""
    return _NAME.fullmatch(text) is not None


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
