"""Which changes a standing query tells of: of few documents, matched with all queries, or of one query in whole views."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from lightship.core.position import Reached
from lightship.index.fields.stored_document import decode_source
from lightship.index.memory import MOST_BYTES, MemoryIndex, Stored, stored_of
from lightship.index.reader import View
from lightship.rpc.recent import Change
from lightship.searchengine.search.api import Hit, shown_title
from lightship.searchengine.watch.events import Gone, event
from lightship.searchengine.watch.standing import StandingQuery


def told(
    standing: Sequence[StandingQuery], changes: Sequence[Change], before: Reached, former: View, view: View
) -> dict[StandingQuery, bytes]:
    """Return the events for those of `standing` that found one of the changed documents in `former`, or find it in `view`.

    `changes` are those after the position `before`, in their order, each url once. Blocking.
    """
    urls = [change.url for change in changes]
    old, new = stored_of(former, urls), stored_of(view, urls)
    found: dict[StandingQuery, bytes] = {}
    part, size, positions = list[_Changed](), 0, _Progress(before)
    for change in changes:
        position = positions.pass_by(change)
        was, is_now = old.get(change.url), new.get(change.url)
        if (was and was.content) == (is_now and is_now.content):
            continue
        changed = _Changed(was and was.content, is_now and is_now.content, position)
        if part and size + changed.size > MOST_BYTES:
            _match(standing, part, view, found)
            part, size = [], 0
        part.append(changed)
        size += changed.size
    if part:
        _match(standing, part, view, found)
    return found


def told_since(
    query: StandingQuery,
    former: Sequence[tuple[View, list[str]]],
    view: View,
    changes: Sequence[Change],
    before: Reached,
) -> bytes:
    """Return the events of one query for what happened between the position `before` and `view`.

    `former` are views with the urls that they have as they were at that position. Blocking.
    """
    old: dict[str, Stored] = {}
    for each, urls in former:
        old |= query.matching(each, urls)
    last = {change.url: change for change in changes}
    new, events, positions = query.matching(view, last), list[bytes](), _Progress(before)
    for change in sorted(last.values()):
        position = positions.pass_by(change)
        was, is_now = old.get(change.url), new.get(change.url)
        if is_now and not (was and was.content == is_now.content):
            (hit,) = query.hits(view, view.searcher, [is_now.address])
            events.append(event("changed" if was else "added", hit, position))
        elif was and not is_now:
            events.append(event("gone", _gone(was.content), position))
    return b"".join(events)


@dataclass(frozen=True, eq=False)
class _Changed:
    """A document before and after its change, as it is stored; a client that was told of it is at `position`."""

    old: bytes | None
    new: bytes | None
    position: Reached

    @property
    def size(self) -> int:
        return len(self.old or b"") + len(self.new or b"")


class _Progress:
    """How far a client has got that reads the events of changes in their order."""

    def __init__(self, before: Reached) -> None:
        self._log, self._sequences = before.log, dict(before.sequences)

    def pass_by(self, change: Change) -> Reached:
        """Return the position after `change`."""
        self._sequences[change.partition] = change.sequence
        return Reached(self._log, dict(self._sequences))


def _match(
    standing: Sequence[StandingQuery], part: Sequence[_Changed], view: View, found: dict[StandingQuery, bytes]
) -> None:
    """Add to `found` the events of the documents of `part`, which fit into a MemoryIndex."""
    places = [(each, is_new) for each in part for is_new in (False, True) if (each.new if is_new else each.old)]
    documents = [(each.new if is_new else each.old) or b"" for each, is_new in places]
    index = MemoryIndex(documents, view.manifests[0].layout.fields)
    for query in standing:
        compiled = query.query(view)
        matching = index.matching(compiled) if compiled is not None else {}
        if not matching:
            continue
        old = {each for each, is_new in (places[number] for number in matching) if not is_new}
        new = [(places[number][0], address) for number, address in matching.items() if places[number][1]]
        hits = query.hits(view, index.searcher, [address for _, address in new])
        shown = {each: hit for (each, _), hit in zip(new, hits, strict=True)}
        found[query] = found.get(query, b"") + b"".join(_events(part, old, shown))


def _events(part: Sequence[_Changed], old: Set[_Changed], new: Mapping[_Changed, Hit]) -> Iterator[bytes]:
    """Yield the events of a query that found those of `old`, and finds those of `new`."""
    for each in part:
        if each in new:
            yield event("changed" if each in old else "added", new[each], each.position)
        elif each in old:
            yield event("gone", _gone(each.old or b""), each.position)


def _gone(stored: bytes) -> Gone:
    document = decode_source(stored)
    return Gone(document.url, shown_title(document.title))
