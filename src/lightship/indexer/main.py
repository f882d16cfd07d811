"""The `indexer` program: reads its partitions of the document log and pushes its shard to every searchengine."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile

from lightship.config import IndexerSettings, parse_settings, token
from lightship.core.errors import ConfigurationError
from lightship.core.manifest import Layout
from lightship.doclog import Log, wait_for_log
from lightship.http.tls import listener_options, trust, trusted
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.indexer.demo_source import run_clock
from lightship.indexer.leadership.role import Role
from lightship.indexer.publish.metrics import render_metrics
from lightship.intake.server import taking_in
from lightship.runtime.files import lock_folder
from lightship.runtime.limits import Limits, limits
from lightship.runtime.program import run_program, stop_on_signals
from lightship.runtime.tasks import keep_in_thread

LEAST_HEAP = 16 << 20  # bytes per thread: tantivy's minimum


def main() -> None:
    """Run the program with the command line's arguments."""
    run_program(lambda: _main(sys.argv[1:]))


def _main(arguments: list[str]) -> None:
    settings, _ = parse_settings(
        IndexerSettings,
        "indexer",
        arguments,
        description="Index a shard of the document log and push it to searchengines.",
    )
    if settings.shard >= settings.shards:
        raise ConfigurationError(f"-shard={settings.shard} of -shards={settings.shards}: shards count from 0")
    if settings.listen and not settings.log:
        raise ConfigurationError(
            "-listen needs a -log: without one, documents would be added to the demo source's temporary log"
        )
    tls = listener_options(settings.tls_cert, settings.tls_key)
    trust(settings.tls_ca)
    stop = stop_on_signals()
    with contextlib.ExitStack() as stack:
        folder = settings.data or f"lightship-data/indexer-{settings.shard}"
        if not settings.log:
            folder = settings.data or stack.enter_context(tempfile.TemporaryDirectory(prefix="lightship-clock-"))
        stack.enter_context(lock_folder(folder, "lock", "give each indexer its own -data folder"))
        log = wait_for_log(settings.log or f"sqlite://{os.path.join(folder, 'clock.sqlite')}", trusted(), stop)
        if log is None:
            return
        stack.callback(log.close)
        role = _role(settings, log, folder)
        stack.enter_context(
            taking_in(
                settings.listen,
                log,
                folder,
                tls=tls,
                metrics=render_metrics,
                shard=role.status,
                declaration=settings.fields,
            )
        )
        stack.callback(log.hurry)
        if not settings.log:
            clock = keep_in_thread("clock", lambda: run_clock(log, stop), stop)
            stack.callback(clock.join)
            stack.callback(stop.set)
        role.run(stop)


def _role(settings: IndexerSettings, log: Log, folder: str) -> Role:
    heap_bytes, threads = resources(settings, limits())
    return Role(
        log, folder, Layout(settings.shards, SCHEMA_VERSION, settings.fields), settings.shard, settings.searchengine, token(),
        settings.lease, heap_bytes, threads,
    )  # fmt: skip


def resources(settings: IndexerSettings, found: Limits) -> tuple[int, int]:
    """Return the bytes and threads for building segments: the settings, otherwise derived from the limits `found`."""
    heap = (settings.heap << 20) or max(LEAST_HEAP, min(256 << 20, found.memory // 8))
    return heap, min(settings.threads or min(found.threads, 4), max(1, heap // LEAST_HEAP))


if __name__ == "__main__":
    main()
