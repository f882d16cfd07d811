"""Looks up one url: whether the replica serves it, from which shard and generation, and how a query ranks it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from lightship.core.errors import InvalidInputError
from lightship.core.manifest import Manifest
from lightship.core.model import check_url, partition_of, shard_of
from lightship.index.cost import seconds_of
from lightship.index.explain import find_url, rank_of
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.searchengine.search.admission import CHEAP_SECONDS, QueryExecutor
from lightship.searchengine.search.api import IndexInfo, shown_title
from lightship.searchengine.search.seen import Seen

MAX_TEXT = 2000  # characters of the text that are returned


class Part(msgspec.Struct, frozen=True):
    """What a query term in a field contributes to a document's score."""

    field: str
    term: str
    score: float


class Ranking(msgspec.Struct, frozen=True, kw_only=True):
    """How a query ranks the document: `rank` counts from 1; None if it is not among the first thousand.

    `words` maps each word of the query to whether the document contains it.
    """

    query: str
    total: int
    rank: int | None
    score: float | None
    words: dict[str, bool]
    parts: list[Part]
    notice: str | None = None


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """One url in the served index; `generation` is (epoch, generation) of its shard."""

    url: str
    served: bool
    partition: int
    shard: int
    generation: tuple[int, int] | None
    index: IndexInfo
    title: str = ""
    text: str = ""
    characters: int = 0
    language: str | None = None
    modified: datetime | None = None
    ranking: Ranking | None = None


async def look_up(seen: Seen, executor: QueryExecutor, url: str, query: str, until: float) -> Lookup:
    """Return what is `seen` for `url`, and how `query` (if not empty) ranks it, by `until` (time.monotonic).

    Raises InvalidDocumentError if `url` is invalid, and the errors of a search.
    """
    check_url(url)
    view = seen.view
    compiled = compile_query(parse_query(query), view.version, view.languages, statistics=view) if query else None
    if query and parse_query(query).is_empty:
        raise InvalidInputError("the query has no words")
    cost = max(CHEAP_SECONDS, 3 * seconds_of(view, parse_query(query), compiled) if compiled else 0.0)

    def look() -> Lookup:
        source = find_url(view, url)
        ranking = None
        if compiled:
            ranked = rank_of(view, compiled, url)
            parts = [Part(*part) for part in ranked.parts]
            ranking = Ranking(
                query=query, total=ranked.total, rank=ranked.rank, score=ranked.score, words=ranked.words, parts=parts,
                notice=parse_query(query).notice,
            )  # fmt: skip
        found = _located(seen, view.manifests, url)
        if source is None:
            return msgspec.structs.replace(found, ranking=ranking)
        text = source.text.decode("utf-8", "replace")
        return msgspec.structs.replace(
            found, served=True, title=shown_title(source.title), text=text[:MAX_TEXT], characters=len(text),
            language=source.language, modified=source.modified_time, ranking=ranking,
        )  # fmt: skip

    return await executor.run(look, cost, until)


def _located(seen: Seen, manifests: tuple[Manifest, ...], url: str) -> Lookup:
    partition = partition_of(url)
    shard = shard_of(partition, manifests[0].layout.shards)
    generation = next(((each.epoch, each.generation) for each in manifests if each.shard == shard), None)
    return Lookup(url=url, served=False, partition=partition, shard=shard, generation=generation, index=seen.info)
