"""Read-only checks of searchengines, whatever their documents are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from lightship.checks.asking import Server, until
from lightship.core.errors import WrongAnswerError

CLOCK = ("news", "images")  # the documents of the demo source: an indexer without a log
CLOCK_SECONDS = 10.0  # they change every second
_KEYS = {"query", "total", "page", "size", "took_ms", "index", "hits"}


def healthy(replicas: Sequence[Server]) -> str:
    """Check liveness, readiness, version, API description and metrics."""
    versions = set()
    for replica in replicas:
        replica.expect("/livez")
        replica.expect("/readyz")
        replica.expect("/metrics")
        versions.add(str(replica.expect("/status").json().get("version")))
        if "paths" not in replica.expect("/openapi.json").json():
            raise WrongAnswerError(f"{replica}: /openapi.json has no paths")
    return f"version {', '.join(sorted(versions))}"


def page(replicas: Sequence[Server]) -> str:
    """Check that browsers get a search form, with a Content-Security-Policy."""
    for replica in replicas:
        reply = replica.expect("/", headers={"Accept": "text/html"})
        if "text/html" not in reply.headers.get("content-type", "") or 'name="q"' not in reply.text:
            raise WrongAnswerError(f"{replica} returned no search form: {reply.text[:200]!r}")
        if "content-security-policy" not in reply.headers:
            raise WrongAnswerError(f"{replica} returned the search page without a Content-Security-Policy")
    return ""


def forms(replicas: Sequence[Server]) -> str:
    """Check that JSON and plain text agree, and that a bad request is rejected with a reason."""
    for replica in replicas:
        answer = replica.expect("/search?q=a&format=json").json()
        if not answer.keys() >= _KEYS:
            raise WrongAnswerError(f"{replica}: the JSON lacks {', '.join(sorted(_KEYS - answer.keys()))}")
        text = replica.expect("/?q=a").text
        if not text.startswith("query: a\n") or f"\ntotal: {answer['total']} " not in text:
            until(lambda: _same_total(replica), f"{replica} returns the same total as JSON and as text")  # noqa: B023
        refusal = replica.expect("/?q=a&size=none&format=json", HTTPStatus.BAD_REQUEST)
        if "size" not in str(refusal.json().get("error", "")):
            raise WrongAnswerError(f"{replica} does not say what is wrong with size=none: {refusal.text[:200]!r}")
    return ""


def _same_total(replica: Server) -> bool:
    """Compare the two formats again: the index may have changed between the requests."""
    total = replica.expect("/search?q=a&format=json").json()["total"]
    text = replica.expect("/?q=a").text
    return text.startswith("query: a\n") and f"\ntotal: {total} " in text


def agreeing(replicas: Sequence[Server]) -> str:
    """Check that all replicas serve the same layout, and the same number of documents in the same generations."""
    seen: dict[Server, dict[str, int]] = defaultdict(dict)
    last = dict[Server, str]()

    def same() -> bool:
        for replica in replicas:
            status = replica.expect("/status").json()
            generations, documents = _generations(status), int(status["documents"])
            for other, counts in seen.items():
                if counts.get(generations, documents) != documents:
                    raise WrongAnswerError(
                        f"{replica} has {documents} documents, {other} has {counts[generations]}, in the same generations: {generations}"
                    )
            seen[replica][generations] = documents
            last[replica] = str(status["layout"])
        return len(set(last.values())) == 1 and bool(set.intersection(*(set(counts) for counts in seen.values())))

    until(same, f"all replicas serve the same generations (layouts: {last})")
    return f"layout {next(iter(last.values()))}, {next(reversed(seen[replicas[0]].values()))} documents"


def _generations(status: dict[str, Any]) -> str:
    shards = sorted((each["shard"], each["epoch"], each["generation"]) for each in status["shards"])
    return f"{status['layout']} {shards}"


def has_clock(replicas: Sequence[Server]) -> bool:
    """Whether the demo source (an indexer without a log) is indexed here; its documents have URLs of their own."""
    hits = replicas[0].expect("/search?q=news&format=json&size=100").json()["hits"]
    return f"clock:{CLOCK[0]}" in [hit["url"] for hit in hits]


def article(replicas: Sequence[Server]) -> str:
    """Check that news and images of the demo source are each found once, and change every second."""
    for replica in replicas:
        for subject in CLOCK:
            first = _only_result(replica, subject)
            until(lambda: _only_result(replica, subject) != first, f"{replica} has newer {subject}", CLOCK_SECONDS)  # noqa: B023
    return "Some news, Some images"


def _only_result(replica: Server, subject: str) -> str:
    """Return the only result for `subject`."""
    text = replica.expect(f"/?q={subject}").text
    found = re.findall(rf"^results:(Some {subject} up to .+)$", text, re.MULTILINE)
    if len(found) != 1:
        raise WrongAnswerError(f"{replica} found {len(found)} results for {subject}, not 1: {text[:200]!r}")
    return str(found[0])
