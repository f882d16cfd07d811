"""`lightship test`: the integration suite, against any running system; it is told nothing but addresses."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import NamedTuple

from lightship.checks import serving
from lightship.checks.asking import Server, look_up, until
from lightship.checks.changing import Trial
from lightship.cli.system.secret import adopt_secret
from lightship.config import TestSettings, parse_settings
from lightship.core.errors import LightshipError, WrongAnswerError
from lightship.http.tls import trust


class Check(NamedTuple):
    """What is tested, in words, and what raises a LightshipError when it does not hold."""

    words: str
    run: Callable[[], str]


def test(arguments: Sequence[str]) -> None:
    """Print a line for each check; raises WrongAnswerError, at the end, when one failed."""
    settings, _ = parse_settings(
        TestSettings, "lightship test", arguments,
        description="Test a running system from outside: processes, containers, a cluster. LIGHTSHIP_TOKEN adds documents.",
    )  # fmt: skip
    trust(settings.tls_ca)
    replicas, intakes = _ready(settings)
    adopt_secret(settings.data)  # which a `lightship up` that has just been started makes first of all
    _say(f"searchengines: {', '.join(map(str, replicas))}; intakes: {', '.join(map(str, intakes)) or 'none'}")
    held = [_holds(check) for check in _checks(replicas, intakes)]
    _say(f"{held.count(True)} passed, {held.count(False)} failed")
    if not all(held):
        raise WrongAnswerError(f"{held.count(False)} of {len(held)} checks failed")


def _ready(settings: TestSettings) -> tuple[list[Server], list[Server]]:
    """Return all replicas and intakes as soon as every one is ready."""
    replicas, intakes = list[Server](), list[Server]()

    def ready() -> bool:
        replicas[:], intakes[:] = look_up(settings.searchengine), look_up(settings.indexer)
        return all(server.ask("/readyz").status == HTTPStatus.OK for server in (*replicas, *intakes))

    names = ", ".join((*settings.searchengine, *settings.indexer))
    until(ready, f"all behind {names} are ready", settings.wait)
    return replicas, intakes


def _checks(replicas: Sequence[Server], intakes: Sequence[Server]) -> list[Check]:
    """Return the checks in their order; one of them deletes what the others added, whether they held or not."""
    found = [
        Check("alive and ready", lambda: serving.healthy(replicas)),
        Check("the search page", lambda: serving.page(replicas)),
        Check("JSON, text and refusals", lambda: serving.forms(replicas)),
    ]
    if serving.has_clock(replicas):
        found.append(Check("the article's test: news and images", lambda: serving.article(replicas)))
    if intakes:
        trial = Trial(replicas, intakes)
        found += [
            Check("bad documents are refused", trial.refused),
            Check("documents are found by whoever added them", trial.added),
            Check("words, phrases, Chinese", trial.understood),
            Check("the same ranking everywhere", trial.ranked),
            Check("every intake takes documents", trial.everywhere),
            Check("a replaced document", trial.replaced),
            Check("deleted documents are gone", trial.deleted),
            Check("nothing is left", trial.removed),
        ]
    return [*found, Check("replicas agree", lambda: serving.agreeing(replicas))]


def _holds(check: Check) -> bool:
    begun = time.monotonic()
    try:
        told, state = check.run(), "ok"
    except LightshipError as error:
        told, state = str(error), "FAILED"
    except (KeyError, TypeError, ValueError) as error:  # nothing that Lightship answers
        told, state = f"an answer is not what it should be: {error!r}", "FAILED"
    _say(f"{state:6} {check.words}{told and ': '}{told} ({time.monotonic() - begun:.1f} s)")
    return state == "ok"


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (what was asked for)
