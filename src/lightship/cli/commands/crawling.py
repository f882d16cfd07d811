"""`lightship crawl` and `lightship remove`: run the crawler, and delete what a source brought."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence

from lightship.config import RemoveSettings, parse_settings
from lightship.core.errors import ConfigurationError
from lightship.crawler import main
from lightship.crawler.output.append import Appender
from lightship.crawler.removal import known_sources, removal
from lightship.crawler.sources.names import name_of
from lightship.crawler.state.store import FILE, lock_store, open_store
from lightship.doclog import open_log
from lightship.http.tls import trust, trusted


def crawl(arguments: Sequence[str]) -> None:
    """Run the program `crawler` with `arguments`; with `--dry-run`, only print what would happen to the known pages."""
    main.crawl(arguments, "lightship crawl")


def remove(arguments: Sequence[str]) -> None:
    """Ask, then delete; raises ConfigurationError if the source is unknown, or its crawler runs."""
    settings, names = parse_settings(
        RemoveSettings, "lightship remove", arguments, positional="SOURCE",
        description="Delete the documents of a source, after asking; its crawler must be stopped.",
    )  # fmt: skip
    if len(names) != 1:
        raise ConfigurationError("lightship remove: name exactly one SOURCE, like https://example.org/docs/")
    trust(settings.tls_ca)
    if not os.path.exists(os.path.join(settings.data, FILE)):
        raise ConfigurationError(f"{settings.data} is not the data folder of a crawler; name it with -data")
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock_store(settings.data))
        database = open_store(settings.data)
        stack.callback(database.close)
        with database.access() as db:
            known = known_sources(db)
        name = next((each for each in (names[0], name_of(names[0])) if each in known), None)
        if name is None:
            raise ConfigurationError(f"{names[0]} was never a SOURCE here; known sources: {', '.join(known) or 'none'}")
        found = removal(database, name)
        if not settings.yes and not _agreed(f"delete {len(found.documents)} documents of {name}?"):
            print("nothing was deleted")  # noqa: T201 (what was asked for)
            return
        scheme, _, path = settings.log.partition("://")
        if scheme == "sqlite" and not os.path.isfile(path):
            raise ConfigurationError(f"document log {path} does not exist; name it with -log=sqlite://PATH")
        log = open_log(settings.log, trusted())
        stack.callback(log.close)
        found.run(database, Appender(log, threading.Event()))
        print(f"deleted {len(found.documents)} documents; leave {name} out when the crawler is started again")  # noqa: T201


def _agreed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError as error:
        raise ConfigurationError("no answer on standard input; add --yes to delete without asking") from error
