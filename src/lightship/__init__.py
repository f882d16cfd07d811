"""Lightship: a container-native search engine that crawls, indexes and serves."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lightship.client.awaiting import AsyncClient
    from lightship.client.blocking import Client
    from lightship.core.model import Document

__version__ = "0.1.0"
__all__ = ["AsyncClient", "Client", "Document"]

_MODULES = {"AsyncClient": "client.awaiting", "Client": "client.blocking", "Document": "core.model"}


def __getattr__(name: str) -> Any:
    """Import what other programs use when they ask for it: those of Lightship start without it."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
