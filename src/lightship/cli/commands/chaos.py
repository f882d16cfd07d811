"""`lightship chaos`: breaks a staging system on purpose, under load, and tells whether it kept what it promises."""

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

SETTLE_SECONDS = 30.0  # from the healing to all acknowledged changes on all searchengines: the machine may be any
PROGRESS_SECONDS = 10.0


def chaos(arguments: Sequence[str]) -> None:
    """Break what is marked for it and print a report; raises WrongAnswerError when anything was lost, wrong or failed."""
    settings, _ = parse_settings(
        ChaosSettings, "lightship chaos", arguments,
        description="Break a running system on purpose, under load, and tell whether anything was lost. It must be marked for it:"
        " `lightship up --chaos`, or `chaos = true` in lightship.toml. LIGHTSHIP_TOKEN, or the secret of that `up`, adds documents.",
    )  # fmt: skip
    trust(settings.tls_ca)
    if settings.data:
        adopt_secret(settings.data)
    if not os.path.isdir(os.path.dirname(settings.report) or "."):
        raise ConfigurationError(f"--report={settings.report}: there is no such folder")
    system = _system(settings)
    seed = settings.seed or random.randrange(1, 10**6)
    report = asyncio.run(_break(system, settings, seed))
    _say(str(report))
    if settings.report:
        write_atomically(os.path.abspath(settings.report), msgspec.json.format(msgspec.json.encode(report)) + b"\n")
    if not report.passed:
        raise WrongAnswerError(f"the system did not keep what it promises; --seed={seed} repeats the faults")


def _system(settings: ChaosSettings) -> System:
    if bool(settings.data) == bool(settings.project):
        raise ConfigurationError(
            "lightship chaos: name what is to be broken: --data, the folder of a `lightship up --chaos`, or --project, of Compose"
        )
    return Processes(settings.data) if settings.data else Containers(settings.project)


async def _break(system: System, settings: ChaosSettings, seed: int) -> Report:
    """Run the test, with documents of its own, which are deleted at the end, however that came."""
    corpus = Corpus(seed, settings.documents)
    faults = schedule(seed, settings.seconds, system.groups, system.kinds, settings.every)
    parts = ", ".join(name for members in system.groups.values() for name in members)
    _say(f"seed {seed}: {len(faults)} faults in {settings.seconds:g} s upon {parts}; Ctrl-C heals and tells")
    await remove_all(system, corpus)  # what a run of the same seed left when it was killed
    load = Load(settings.changes, settings.queries)
    run = Run(system, corpus, Truth(), faults, load, seconds=settings.seconds, settle=SETTLE_SECONDS)
    async with _cleaning(system, corpus), _telling(run):
        outcome = await run.run()
    return Report.of(seed, settings.seconds, run.breaker, outcome)


@contextlib.asynccontextmanager
async def _cleaning(system: System, corpus: Corpus) -> AsyncIterator[None]:
    """Delete the test's documents at the end, whatever happened, unless the system is gone."""
    try:
        yield
    except ConfigurationError as error:
        left = f"documents below {corpus.site} are left, which another run with that --seed deletes"
        raise ConfigurationError(f"{error}; {left}") from error
    except BaseException:
        await _clean(system, corpus)
        raise
    await _clean(system, corpus)


async def _clean(system: System, corpus: Corpus) -> None:
    _say(f"deleting the test's documents, below {corpus.site}")
    await remove_all(system, corpus)


@contextlib.asynccontextmanager
async def _telling(run: Run) -> AsyncIterator[None]:
    """Show how far `run` is, and let the first Ctrl-C (or SIGTERM) end it early; the second one ends everything."""
    loop, signals = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop() -> None:
        run.breaker.stop_early.set()
        for each in signals:
            loop.remove_signal_handler(each)

    for each in signals:
        loop.add_signal_handler(each, stop)
    progress = asyncio.create_task(_tell_progress(run))
    try:
        yield
    finally:
        await cancel([progress])
        for each in signals:
            loop.remove_signal_handler(each)


async def _tell_progress(run: Run) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS_SECONDS)
        _say(f"{time.monotonic() - began:6.0f} s: {run.progress()}")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (what was asked for)
