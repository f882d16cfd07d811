"""Environment variables: the secrets, and what `lightship up` passes to its parts."""

from __future__ import annotations

import os
from collections.abc import Mapping

from lightship.core.errors import ConfigurationError

TOKEN_VARIABLE = "LIGHTSHIP_TOKEN"  # noqa: S105 (a name, not a token)
ADMIN_TOKEN_VARIABLE = "LIGHTSHIP_ADMIN_TOKEN"  # noqa: S105
LOG_PASSWORD_VARIABLE = "LIGHTSHIP_LOG_PASSWORD"  # noqa: S105
TRUST_VARIABLE, CONTAINERS = "LIGHTSHIP_TRUST", "containers"
TIED_VARIABLE = "LIGHTSHIP_TIED"
VARIABLES = {
    TOKEN_VARIABLE: "secret for pushing (RPC and intake); to rotate it, write NEW,OLD; if unset, only programs on this machine may push",
    ADMIN_TOKEN_VARIABLE: "secret for administration (promote, roll back) and for pushing; if unset, LIGHTSHIP_TOKEN allows both",
    TRUST_VARIABLE: "`containers`: if no secret is set, other containers on the same network are trusted like this machine; the image sets it",
    LOG_PASSWORD_VARIABLE: "password for `-log=nats://user@…` when the url has none",
    TIED_VARIABLE: "if not empty, the program stops at the end of its standard input; `lightship up` sets it so that its parts end with it",
}


def check_variables(environment: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a `LIGHTSHIP_` variable that does not exist."""
    unknown = sorted(name for name in environment if name.startswith("LIGHTSHIP_") and name not in VARIABLES)
    if unknown:
        raise ConfigurationError(f"unknown environment variable {unknown[0]}; known: {', '.join(VARIABLES)}")


def trusts_containers() -> bool:
    """Return True if neighbouring containers are to be trusted; raises ConfigurationError for an unknown value."""
    said = os.environ.get(TRUST_VARIABLE, "")
    if said not in ("", CONTAINERS):
        raise ConfigurationError(
            f"unknown value {TRUST_VARIABLE}={said!r}; set it to {CONTAINERS!r}, or leave it empty"
        )
    return bool(said)


def log_password() -> str:
    """Return the environment's password for the log, or an empty string."""
    return os.environ.get(LOG_PASSWORD_VARIABLE, "")


def token() -> str:
    """Return the environment's secret for pushing, or an empty string."""
    return os.environ.get(TOKEN_VARIABLE, "")


def admin_token() -> str:
    """Return the environment's secret for administration (by default that for pushing), or an empty string."""
    return os.environ.get(ADMIN_TOKEN_VARIABLE, "") or token()
