"""Which changes standing queries tell of: the few documents that changed are matched with many queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from lightship.core.position import Reached
from lightship.index.fields.stored_document import decode_source
from lightship.index.reader import View
from lightship.rpc.recent import Change
from lightship.searchengine.search.api import Hit, shown_title
from lightship.searchengine.watch.events import Gone, event
from lightship.searchengine.watch.rounds import Changed, Part, Round
from lightship.searchengine.watch.standing import StandingQuery


class Progress:
    """How far a client has got that reads the events of changes in their order."""

    def __init__(self, before: Reached) -> None:
        """Begin at the position `before`."""
        self._log, self._sequences = before.log, dict(before.sequences)

    def has(self, change: Change) -> bool:
        """Whether the client was told of `change`."""
        return change.sequence <= self._sequences.get(change.partition, -1)

    def pass_by(self, change: Change) -> Reached:
        """Return the position after `change`."""
        self._sequences[change.partition] = max(change.sequence, self._sequences.get(change.partition, 0))
        return Reached(self._log, dict(self._sequences))


def told(
    standing: Sequence[StandingQuery], rounds: Sequence[Round], before: Reached, view: View
) -> dict[StandingQuery, bytes]:
    """Return the events that each of `standing` has of `rounds`, for clients that were told everything up to `before`.

    Results are marked as in `view`. Blocking.
    """
    found: dict[StandingQuery, bytes] = {}
    progress = Progress(before)
    for each in rounds:
        for part in each.parts():
            positions = {
                changed: progress.pass_by(changed.change)
                for changed in part.changed
                if not progress.has(changed.change)
            }
            for query in standing:
                if events := _events(query, part, positions, view):
                    found[query] = found.get(query, b"") + events
    return found


def _events(query: StandingQuery, part: Part, positions: Mapping[Changed, Reached], view: View) -> bytes:
    compiled = query.query(view)
    matching = part.index.matching(compiled) if compiled is not None else {}
    if not matching:
        return b""
    old = {changed for changed, is_new in (part.places[number] for number in matching) if not is_new}
    new = [(changed, matching[number]) for number in matching for changed, is_new in [part.places[number]] if is_new]
    new = [(changed, address) for changed, address in new if changed in positions]
    hits = query.hits(view, part.index.searcher, [address for _, address in new]) if new else []
    shown = {changed: hit for (changed, _), hit in zip(new, hits, strict=True)}
    return b"".join(_told(positions, old, shown))


def _told(positions: Mapping[Changed, Reached], old: Set[Changed], new: Mapping[Changed, Hit]) -> Iterator[bytes]:
    """Yield the events of a query that found those of `old`, and finds those of `new`."""
    for each, position in positions.items():
        if each in new:
            yield event("changed" if each in old else "added", new[each], position)
        elif each in old:
            yield event("gone", _gone(each.old or b""), position)


def _gone(stored: bytes) -> Gone:
    document = decode_source(stored)
    return Gone(document.url, shown_title(document.title))
