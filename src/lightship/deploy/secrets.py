"""The secrets of a deployment: made once, kept in files of their own, and never shown."""

from __future__ import annotations

import secrets

from lightship.config import ADMIN_TOKEN_VARIABLE, LOG_PASSWORD_VARIABLE, TOKEN_VARIABLE

NAMES = (TOKEN_VARIABLE, ADMIN_TOKEN_VARIABLE, LOG_PASSWORD_VARIABLE)


def make_secret() -> str:
    """Return a new secret of 256 random bits.

    It begins with a letter: NATS reads a variable as it reads its configuration, and 7e11… would be a number.
    """
    return f"k{secrets.token_hex(32)}"
