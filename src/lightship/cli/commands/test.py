"""`lightship test`: the integration suite, against any running system; it needs only addresses."""

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
    """One check: its description, and a function that raises LightshipError if it fails."""

    words: str
    run: Callable[[], str]


def test(arguments: Sequence[str]) -> None:
    """Print a line for each check; raises WrongAnswerError at the end if any failed."""
    settings, _ = parse_settings(
        TestSettings, "lightship test", arguments,
        description="Test a running system from outside: processes, containers or a cluster. Documents are added with LIGHTSHIP_TOKEN.",
    )  # fmt: skip
    trust(settings.tls_ca)
    replicas, intakes = _ready(settings)
    adopt_secret(settings.data)  # only now: a `lightship up` that was just started creates it before it is ready
    _print(f"searchengines: {', '.join(map(str, replicas))}; intakes: {', '.join(map(str, intakes)) or 'none'}")
    passed = [_passes(check) for check in _checks(replicas, intakes)]
    _print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    if not all(passed):
        raise WrongAnswerError(f"{passed.count(False)} of {len(passed)} checks failed")


def _ready(settings: TestSettings) -> tuple[list[Server], list[Server]]:
    """Return all replicas and intakes once every one of them is ready."""
    replicas, intakes = list[Server](), list[Server]()

    def ready() -> bool:
        replicas[:], intakes[:] = look_up(settings.searchengine), look_up(settings.indexer)
        return all(server.ask("/readyz").status == HTTPStatus.OK for server in (*replicas, *intakes))

    names = ", ".join((*settings.searchengine, *settings.indexer))
    until(ready, f"all servers at {names} are ready", settings.wait)
    return replicas, intakes


def _checks(replicas: Sequence[Server], intakes: Sequence[Server]) -> list[Check]:
    """Return the checks in order; one of them deletes what the others added, whether they passed or not."""
    found = [
        Check("alive and ready", lambda: serving.healthy(replicas)),
        Check("the search page", lambda: serving.page(replicas)),
        Check("JSON, plain text and error responses", lambda: serving.forms(replicas)),
    ]
    if serving.has_clock(replicas):
        found.append(Check("the demo source: news and images", lambda: serving.article(replicas)))
    if intakes:
        trial = Trial(replicas, intakes)
        found += [
            Check("malformed documents are refused", trial.refused),
            Check("added documents are found", trial.added),
            Check("words, phrases and Chinese", trial.understood),
            Check("the same ranking everywhere", trial.ranked),
            Check("every intake accepts documents", trial.everywhere),
            Check("replaced documents are found", trial.replaced),
            Check("deleted documents are gone", trial.deleted),
            Check("no test documents remain", trial.removed),
        ]
    return [*found, Check("replicas agree", lambda: serving.agreeing(replicas))]


def _passes(check: Check) -> bool:
    begun = time.monotonic()
    try:
        result, state = check.run(), "ok"
    except LightshipError as error:
        result, state = str(error), "FAILED"
    except (KeyError, TypeError, ValueError) as error:  # not a response of Lightship
        result, state = f"unexpected response: {error!r}", "FAILED"
    _print(f"{state:6} {check.words}{result and ': '}{result} ({time.monotonic() - begun:.1f} s)")
    return state == "ok"


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 (what was asked for)
