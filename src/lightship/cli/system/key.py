"""`lightship key new`: makes search keys, which are recorded nowhere: each replica checks their signatures."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime

from lightship.cli.system.secret import adopt_secret
from lightship.config import TOKEN_VARIABLE, KeySettings, parse_settings, token
from lightship.config.setting import parse_duration
from lightship.core.errors import ConfigurationError, InvalidInputError
from lightship.core.origins import EVERYBODY
from lightship.http.keys.key import MAX_KEY, Key, is_name, read_filter, sign, signing_keys
from lightship.http.tokens import secrets_of

logger = logging.getLogger("key")


def key(arguments: Sequence[str]) -> None:
    """Print a new key, and log what it allows; raises ConfigurationError."""
    settings, actions = parse_settings(
        KeySettings, "lightship key", arguments, positional="new",
        description="Make a key for searching, signed with the secret of the searchengines.",
    )  # fmt: skip
    if actions != ["new"]:
        raise ConfigurationError("lightship key: write `lightship key new --search …`; to revoke a key, see -revoked")
    adopt_secret(settings.data)
    found = secrets_of(token())
    if not found:
        raise ConfigurationError(
            f"no secret to sign with; set {TOKEN_VARIABLE} to that of the searchengines, or --data to the folder of `lightship up`"
        )
    made = made_key(settings, time.time())
    signed = sign(made, signing_keys(found[:1])[0])
    if len(signed) > MAX_KEY:
        raise ConfigurationError(
            f"the key would have {len(signed)} characters, over the limit of {MAX_KEY}; shorten its filter, origins or name"
        )
    ends = f"until {datetime.fromtimestamp(made.expires, UTC):%Y-%m-%d %H:%M} UTC" if made.expires else "forever"
    logger.info("%s: searches %s, %s", made.name, made.filter or "everything", ends)
    print(signed)  # noqa: T201 (what was asked for)


def made_key(settings: KeySettings, now: float) -> Key:
    """Return the key that `settings` describe; raises ConfigurationError."""
    if not settings.search:
        raise ConfigurationError("lightship key new: say what the key allows: --search")
    if EVERYBODY in settings.origins:
        raise ConfigurationError("--origins=* would be no limit; leave --origins out")
    if settings.name and not is_name(settings.name):
        raise ConfigurationError(
            f"{settings.name[:80]!r} can't be the name of a key: use up to 64 letters, digits, dots, - and _"
        )
    try:
        read_filter(settings.filter)
    except InvalidInputError as error:
        raise ConfigurationError(f"lightship key new: {error}") from error
    seconds = parse_duration(settings.expires)
    return Key(
        "search", settings.name or f"key-{secrets.token_hex(4)}", int(now) + seconds if seconds else 0,
        settings.filter, settings.origins, settings.rate,
    )  # fmt: skip
