"""The secrets of a deployment: generated once, kept in separate files, and never printed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from lightship.config import ADMIN_TOKEN_VARIABLE, LOG_PASSWORD_VARIABLE, TOKEN_VARIABLE

NAMES = (TOKEN_VARIABLE, ADMIN_TOKEN_VARIABLE, LOG_PASSWORD_VARIABLE)

ROUTES_PASSWORD = "NATS_ROUTES_PASSWORD"  # noqa: S105 (names of variables, which NATS reads in its configuration)
ROUTE = "NATS_ROUTE_{}"


def route_variables(hosts: Sequence[str], password: str) -> dict[str, str]:
    """Return the variables with which NATS servers at `hosts` (host:port) form a cluster that requires a password."""
    urls = {ROUTE.format(number): f"nats://lightship:{password}@{host}" for number, host in enumerate(hosts)}
    return {ROUTES_PASSWORD: password, **urls}


def make_secret() -> str:
    """Return a new secret of 256 random bits.

    It begins with a letter: NATS parses variables like its configuration, and would take 7e11… for a number.
    """
    return f"k{secrets.token_hex(32)}"
