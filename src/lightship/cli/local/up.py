"""`lightship up`: runs the document log, crawler, indexers and searchengines as processes of this machine."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Sequence
from importlib.util import find_spec

from lightship.chaos.system.processes import LOCK
from lightship.cli.local.disk_space import DiskSpace
from lightship.cli.local.hints import failures, greeting, ways
from lightship.cli.local.places import addresses, at, explain_port, intake_port, is_open, page, replica_addresses
from lightship.cli.local.progress import Display, Gauge, outcome
from lightship.cli.local.roster import Roster
from lightship.cli.local.supervisor import Part, last_line, python
from lightship.cli.system.secret import keep_secret
from lightship.config import (
    TOKEN_VARIABLE,
    CrawlerSettings,
    SearchengineSettings,
    UpSettings,
    parse_settings,
    token,
)
from lightship.core.errors import ConfigurationError
from lightship.core.manifest import Layout
from lightship.crawler.dry_run import check_rules
from lightship.crawler.sources.names import parse_sources
from lightship.doclog import open_log
from lightship.http.tokens import Accepted
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.runtime.files import lock_folder, write_atomically
from lightship.runtime.program import listen, stop_on_signals
from lightship.searchengine.access.gate import check_access

logger = logging.getLogger("up")

# Breadth first: every top-level module, then the members of packages. Most of the thousand pages beyond are Python's
# own tests: pydoc imports them to show them, which takes minutes, and some of them end the process
PYDOC_PAGES = 600
# Not `python -m pydoc`: that also shows modules of the current folder, and importing a module to show it runs it.
# Isolated (-I) and without site-packages (-S): only the standard library is of interest. One of its modules opens a
# browser when it is imported
PYDOC = """
import os, pydoc, sys, webbrowser
os.chdir(os.sep)
webbrowser.open = lambda *_, **__: False
pydoc.browse(int(sys.argv[1]), open_browser=False, hostname="127.0.0.1")
"""

WATCH_SECONDS = 0.1
SHOW_SECONDS = 0.5


def up(arguments: Sequence[str]) -> None:
    """Run all parts until SIGTERM or Ctrl-C; without a SOURCE, crawl the documentation of this Python."""
    settings, sources = parse_settings(
        UpSettings, "lightship up", arguments, positional="SOURCE",
        description="Crawl, index and serve websites, folders and .jsonl files on this machine.",
    )  # fmt: skip
    check_rules(CrawlerSettings(rules=settings.rules), parse_sources(sources) if sources else [])
    stop = stop_on_signals()
    with contextlib.ExitStack() as stack:
        stack.enter_context(lock_folder(settings.data, LOCK, "stop that `lightship up`, or choose another --data"))
        check_ports(settings)
        own = "" if os.environ.get(TOKEN_VARIABLE) else keep_secret(settings.data)
        if own:
            os.environ[TOKEN_VARIABLE] = own  # inherited by the parts
        check_access(
            SearchengineSettings(origins=settings.origins, closed=settings.closed, revoked=settings.revoked),
            Accepted.of(token()),
        )
        order_layout(settings)
        parts = _parts(settings, sources)
        roster = Roster(settings.data, parts, addresses(settings), marked=settings.chaos)
        display = Display()
        stack.callback(display.close)
        for part in parts:  # in the order of dependency; stopped in reverse, so that no data in flight is lost
            part.start()
            stack.callback(part.stop)
        stack.callback(roster.remove)  # before they stop: `lightship chaos` must not signal processes that are gone
        for line in greeting(settings, sources, own_secret=bool(own)):
            display.say(line)
        _watch(settings, parts, roster, display, stop, ways=ways(settings, sources))
        display.say("stopping; all fetched data is kept, and the next start resumes from it")
    logger.info("stopped")


def order_layout(settings: UpSettings) -> None:
    """Order this run's layout as the newest one if it differs from the last run's, so that replicas switch to it.

    That also works for going back to an earlier layout.
    """
    path = os.path.join(settings.data, "layout")
    layout = Layout(settings.shards, SCHEMA_VERSION, settings.declaration).name
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        if file.read().strip() == layout.encode():
            return
    log = open_log(log_url(settings))
    try:
        log.order(f"layout/{layout}", renew=True)
    finally:
        log.close()
    write_atomically(path, layout.encode())


def log_url(settings: UpSettings) -> str:
    """Return the URL of the document log."""
    return f"sqlite://{os.path.join(settings.data, 'log.sqlite')}"


def _parts(settings: UpSettings, sources: Sequence[str]) -> list[Part]:
    """Return all parts in the order of dependency."""
    names = replica_addresses(settings).values()
    data, log = settings.data, log_url(settings)
    logs = os.path.join(data, "logs")
    os.makedirs(logs, exist_ok=True)
    commands = {
        f"searchengine-{i}": python(
            "lightship.searchengine.main",
            f"-addr={at(settings.host, settings.port + i)}",
            f"-public={page(settings) if i == 0 and not is_open(settings) else ''}",
            f"-data={os.path.join(data, f'searchengine-{i}')}",
            f"-origins={','.join(settings.origins)}",
            f"-collections={settings.collections}",
            f"-answers={settings.answers}",
            *access_arguments(settings),
            "-drain=0",  # no load balancer in front would send queries elsewhere
        )
        for i in range(settings.replicas)
    }
    for shard in range(settings.shards):
        for name in (f"indexer-{shard}", *(f"standby-{shard}-{number}" for number in range(settings.standbys))):
            commands[name] = python(
                "lightship.indexer.main", f"-searchengine={','.join(names)}", f"-log={log}", f"-shard={shard}",
                f"-shards={settings.shards}", f"-fields={settings.declaration}", f"-data={os.path.join(data, name)}",
                *([f"-listen={at(settings.host, intake_port(settings) + shard)}"] if name.startswith("indexer") else []),
            )  # fmt: skip
    limits: list[str] = []
    if not sources:
        if find_spec("pydoc") is None:
            raise ConfigurationError(
                "this Python has no pydoc module, whose pages are the default source; name a source, like https://example.org/"
            )
        port = _pydoc_port(data)
        commands["pydoc"] = [sys.executable, "-I", "-S", "-c", PYDOC, str(port)]
        sources, limits = [f"http://127.0.0.1:{port}/"], [f"-max-pages={PYDOC_PAGES}"]  # unless it is set
    commands["crawler"] = python(
        "lightship.crawler.main",
        f"-log={log}",
        f"-data={os.path.join(data, 'crawler')}",
        f"-fields={settings.declaration}",
        f"-listen={at(settings.host, explain_port(settings))}",
        *limits,
        *settings.arguments,
        *sources,
    )
    return [Part(name, command, os.path.join(logs, f"{name}.log")) for name, command in commands.items()]


def access_arguments(settings: UpSettings) -> list[str]:
    """Return the arguments of a searchengine that say who may search, and how often."""
    return [*["-closed"] * settings.closed, f"-revoked={settings.revoked}", f"-rate={settings.rate}"]


def check_ports(settings: UpSettings) -> None:
    """Raise ConfigurationError unless all ports are free."""
    intake = intake_port(settings)
    if max(settings.port + settings.replicas, explain_port(settings) + 1) > 65536:
        raise ConfigurationError(
            f"port {settings.port} or {intake} is too high: the ports of all parts must be below 65536; choose a lower --port or --intake"
        )
    for port in (
        *range(settings.port, settings.port + settings.replicas),
        *range(intake, intake + settings.shards),
        explain_port(settings),
    ):
        try:
            listen(at(settings.host, port)).close()
        except ConfigurationError as error:
            raise ConfigurationError(f"{error}; choose others with --host, --port or --intake") from error


def _pydoc_port(data: str) -> int:
    """Return the port of the documentation server, the same on every start: it is part of the pages' URLs."""
    path = os.path.join(data, "pydoc-port")
    with contextlib.suppress(FileNotFoundError, ValueError), open(path) as file:
        return int(file.read())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    write_atomically(path, str(port).encode())
    return port


def _watch(
    settings: UpSettings,
    parts: Sequence[Part],
    roster: Roster,
    display: Display,
    stop: threading.Event,
    *,
    ways: Sequence[str],
) -> None:
    """Restart parts that die and show the progress, until `stop` is set; show `ways` once everything is searchable."""
    address, started, shown, announced = f"{page(settings)}/", time.monotonic(), 0.0, False
    log = os.path.join(settings.data, "logs", "crawler.log")
    begun = os.path.getsize(log)  # what precedes is of earlier runs
    intakes = {name: at for name, at in addresses(settings).items() if name.startswith("indexer")}
    disk_space = DiskSpace(intakes)
    gauge = Gauge(settings.data, settings.shards, list(replica_addresses(settings).values()))
    while not stop.wait(WATCH_SECONDS):
        for part in parts:
            part.keep_alive()
        roster.update()
        if time.monotonic() - shown < SHOW_SECONDS:
            continue
        for line in disk_space.changes():
            display.say(line)
        counts = gauge.read()
        display.show(counts)
        shown = time.monotonic()
        if counts.done and not announced:
            announced = True
            seconds = time.monotonic() - started
            display.say(f"{outcome(counts)} after {seconds:.0f} s at {address}")
            for line in (*failures(counts.failed, log, begun), *ways):
                display.say(line)
    for part in parts:
        if part.restart_at:
            display.say(f"{part.name} was not running: {last_line(part.log_path)}")
