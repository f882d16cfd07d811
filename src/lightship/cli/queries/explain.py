"""`lightship explain URL`: why a page is or is not in the index, from the crawlers and from each replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightship.cli.queries.asking import ask
from lightship.cli.system.secret import adopt_secret
from lightship.config import ExplainSettings, parse_settings
from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.core.model import partition_of
from lightship.http.tls import trust

_SHOWN_TEXT = 300  # characters
_FACTS = (
    ("found by", "found_by"), ("found on", "found_on"), ("depth", "depth"), ("robots", "robots"), ("status", "status"),
    ("canonical", "canonical"), ("duplicate of", "duplicate_of"), ("held", "held"), ("last visit", "last_visit"),
    ("next visit", "next_visit"), ("failures", "failures"), ("digest", "digest"),
)  # fmt: skip


def explain(arguments: Sequence[str]) -> None:
    """Print what is known about one URL; raises UnavailableError if no program answers."""
    settings, names = parse_settings(
        ExplainSettings, "lightship explain", arguments, positional="URL",
        description="Explain why a page is or is not in the index: what the crawlers know about it, and what each searchengine serves.",
    )  # fmt: skip
    if len(names) != 1:
        raise ConfigurationError("lightship explain: name exactly one URL, like https://example.org/page")
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    lines, errors = [], []
    for name in settings.crawler:
        try:
            lines += _crawler_lines(name, ask(name, "/explain", {"url": names[0]}))
        except UnavailableError as error:
            errors.append(str(error))
    url = names[0]
    for name in settings.searchengine:
        try:
            lines += _replica_lines(name, ask(name, "/lookup", {"url": url, "q": settings.query}))
        except UnavailableError as error:
            errors.append(str(error))
    print("\n".join([f"{url}: partition {partition_of(url)}", *lines, *(f"({each})" for each in errors)]))  # noqa: T201
    if not lines:
        raise UnavailableError(
            "no program answered; name the crawlers with -crawler and the searchengines with -searchengine"
        )


def _crawler_lines(name: str, found: dict[str, Any]) -> list[str]:
    lines = [f"crawler {name}: {found['reason']}"]
    lines += [f"  {label}: {found[key]}" for label, key in _FACTS if found.get(key) not in (None, "", 0)]
    lines += [f"  leads to: {step['url']} ({step['state']}; {step['note']})" for step in found.get("chain", [])]
    lines += [f"  visit {each['time']}: {each['state']}, {each['note']}" for each in found.get("visits", [])]
    return lines


def _replica_lines(name: str, found: dict[str, Any]) -> list[str]:
    index = found["index"]
    epoch, generation = found["generation"] or (0, 0)
    place = f"shard {found['shard']} of {index['layout']}, epoch {epoch}, generation {generation}"
    if not found["served"]:
        lines = [f"searchengine {name}: not served; it would be in {place}, fresh as of {index['fresh_as_of']}"]
    else:
        text = " ".join(found["text"].split())[:_SHOWN_TEXT]
        lines = [
            f"searchengine {name}: served from {place}",
            f"  title: {found['title']}", f"  language: {found['language'] or 'unknown'}",
            f"  text of {found['characters']} characters: {text}",
        ]  # fmt: skip
    return lines + (_rank_lines(found["ranking"], served=found["served"]) if found["ranking"] else [])


def _rank_lines(ranking: dict[str, Any], *, served: bool) -> list[str]:
    missing = [word for word, there in ranking["words"].items() if not there]
    if not served:
        return [
            f"  query {ranking['query']!r}: {ranking['total']} results; a page that is not served can't be one of them"
        ]
    if ranking["score"] is None:
        lacks = f"; the page does not contain {', '.join(missing)}" if missing else ""
        return [f"  query {ranking['query']!r}: not one of its {ranking['total']} results{lacks}"]
    rank = f"rank {ranking['rank']}" if ranking["rank"] else "beyond the first thousand"
    lines = [f"  query {ranking['query']!r}: {rank} of {ranking['total']}, score {ranking['score']:.4f}"]
    lines += [f"    {part['term']!r} in {part['field']}: {part['score']:.4f}" for part in ranking["parts"]]
    return lines + ([f"    does not contain {', '.join(missing)}"] if missing else [])
