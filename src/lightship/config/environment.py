"""Environment variables: the secrets, and what `lightship up` tells its parts."""

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
    TOKEN_VARIABLE: "secret of those who push: RPC and intake; the old one may follow a new one after a comma; none: only programs of this machine may",
    ADMIN_TOKEN_VARIABLE: "secret of those who administer (promote, roll back), good for pushing too; none: the other one is good for all",
    TRUST_VARIABLE: "`containers`: without a secret the containers beside this one may do what programs of this machine may; our image sets it",
    LOG_PASSWORD_VARIABLE: "password of the user that `-log=nats://user@…` names without one",
    TIED_VARIABLE: "when not empty, a program stops when its standard input ends; `lightship up` ties its parts with it",
}


def check_variables(environment: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a `LIGHTSHIP_` variable that does not exist."""
    unknown = sorted(name for name in environment if name.startswith("LIGHTSHIP_") and name not in VARIABLES)
    if unknown:
        raise ConfigurationError(f"unknown environment variable {unknown[0]}; known: {', '.join(VARIABLES)}")


def trusts_containers() -> bool:
    """Tell whether the environment trusts the containers beside this one; raises ConfigurationError when it says something else."""
    said = os.environ.get(TRUST_VARIABLE, "")
    if said not in ("", CONTAINERS):
        raise ConfigurationError(f"{TRUST_VARIABLE}={said!r} is not known: write {CONTAINERS}, or nothing")
    return bool(said)


def log_password() -> str:
    """Return the environment's password for the log, or an empty string."""
    return os.environ.get(LOG_PASSWORD_VARIABLE, "")


def token() -> str:
    """Return the environment's secret for pushing, or an empty string."""
    return os.environ.get(TOKEN_VARIABLE, "")


def admin_token() -> str:
    """Return the environment's secret for administering (that for pushing, when there is no other), or an empty string."""
    return os.environ.get(ADMIN_TOKEN_VARIABLE, "") or token()
