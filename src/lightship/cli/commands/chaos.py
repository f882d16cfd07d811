"""`lightship chaos`: injects faults into a staging system under load, and reports whether it kept its guarantees."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Sequence

import msgspec

from lightship.chaos.load.cleaning import remove_all
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.truth import Truth
from lightship.chaos.report import Report
from lightship.chaos.run import Load, Run
from lightship.chaos.system.containers import Containers
from lightship.chaos.system.faults import schedule
from lightship.chaos.system.processes import Processes
from lightship.chaos.system.system import System
from lightship.cli.system.secret import adopt_secret
from lightship.config import ChaosSettings, parse_settings
from lightship.core.errors import ConfigurationError, WrongAnswerError
from lightship.http.tls import trust
from lightship.runtime.files import write_atomically
from lightship.runtime.tasks import cancel

SETTLE_SECONDS = 30.0  # from the last repair until every searchengine has all acknowledged changes; for slow machines
PROGRESS_SECONDS = 10.0


def chaos(arguments: Sequence[str]) -> None:
    """Inject faults into a system marked for it and print a report.

    Raises WrongAnswerError if anything was lost or wrong, or if a request failed.
    """
    settings, _ = parse_settings(
        ChaosSettings, "lightship chaos", arguments,
        description="Inject faults into a running system under load, and report whether anything was lost. The system must allow it:"
        " `lightship up --chaos`, or `chaos = true` in lightship.toml. Documents are added with LIGHTSHIP_TOKEN, or with the secret of"
        " that `up`.",
    )  # fmt: skip
    trust(settings.tls_ca)
    if settings.data:
        adopt_secret(settings.data)
    if not os.path.isdir(os.path.dirname(settings.report) or "."):
        raise ConfigurationError(f"--report={settings.report}: the folder does not exist; create it, or name another")
    system = _system(settings)
    seed = settings.seed or random.randrange(1, 10**6)
    report = asyncio.run(_break(system, settings, seed))
    _print(str(report))
    if settings.report:
        write_atomically(os.path.abspath(settings.report), msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if not report.passed:
        raise WrongAnswerError(f"the system broke its guarantees; --seed={seed} repeats the faults")


def _system(settings: ChaosSettings) -> System:
    if bool(settings.data) == bool(settings.project):
        raise ConfigurationError(
            "lightship chaos: name one system to break: --data=FOLDER of a `lightship up --chaos`, or --project=NAME of Compose"
        )
    return Processes(settings.data) if settings.data else Containers(settings.project)


async def _break(system: System, settings: ChaosSettings, seed: int) -> Report:
    """Run the test with its own documents, which are deleted at the end, even after an error."""
    corpus = Corpus(seed, settings.documents)
    faults = schedule(seed, settings.seconds, system.groups, system.kinds, settings.every)
    parts = ", ".join(name for members in system.groups.values() for name in members)
    _print(
        f"seed {seed}: {len(faults)} faults in {settings.seconds:g} s on {parts}; Ctrl-C ends it early, with a report"
    )
    await remove_all(system, corpus)  # left by a killed run with the same seed
    load = Load(settings.changes, settings.queries)
    run = Run(system, corpus, Truth(), faults, load, seconds=settings.seconds, settle=SETTLE_SECONDS)
    async with _cleaning(system, corpus), _showing_progress(run):
        outcome = await run.run()
    return Report.of(seed, settings.seconds, run.breaker, outcome)


@contextlib.asynccontextmanager
async def _cleaning(system: System, corpus: Corpus) -> AsyncIterator[None]:
    """Delete the test's documents at the end, even after an error, unless the system is gone."""
    try:
        yield
    except ConfigurationError as error:
        left = f"documents below {corpus.site} remain; another run with the same --seed deletes them"
        raise ConfigurationError(f"{error}; {left}") from error
    except BaseException:
        await _clean(system, corpus)
        raise
    await _clean(system, corpus)


async def _clean(system: System, corpus: Corpus) -> None:
    _print(f"deleting the test's documents below {corpus.site}")
    await remove_all(system, corpus)


@contextlib.asynccontextmanager
async def _showing_progress(run: Run) -> AsyncIterator[None]:
    """Print the progress of `run`. The first Ctrl-C (or SIGTERM) ends it early; the second one exits at once."""
    loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop() -> None:
        run.breaker.stop_early.set()
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, stop)
    progress = asyncio.create_task(_print_progress(run))
    try:
        yield
    finally:
        await cancel([progress])
        for each in signals:
            loop.remove_signal_handler(each)


async def _print_progress(run: Run) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        _print(f"{time.monotonic() - began:6.0f} s: {run.progress()}")


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (what was asked for)
