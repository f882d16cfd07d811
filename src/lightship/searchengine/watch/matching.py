"""Which changes standing queries tell of: the few documents that changed are matched with many queries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set

from lightship.core.position import Reached
from lightship.index.fields.stored_document import decode_source
from lightship.index.query.compiler import Compiled
from lightship.index.reader import View
from lightship.searchengine.search.api import Hit, shown_title
from lightship.searchengine.watch.events import Gone, event
from lightship.searchengine.watch.rounds import Changed, Round
from lightship.searchengine.watch.standing import StandingQuery


class Progress:
    """How far a client has got that reads the events of changes in their order."""

    def __init__(self, before: Reached) -> None:
        """Begin at the position `before`."""
        self._log, self._sequences = before.log, dict(before.sequences)

    @property
    def position(self) -> Reached:
        """Where it is."""
        return Reached(self._log, dict(self._sequences))

    def passed(self, part: Sequence[Changed]) -> Progress:
        """Return it after `part`."""
        after = Progress(Reached(self._log, self._sequences))
        for changed in part:
            after.pass_by(changed)
        return after

    def positions(self, part: Sequence[Changed]) -> dict[Changed, Reached]:
        """Return the positions after each of `part` of which the client has no event yet."""
        found, progress = dict[Changed, Reached](), self.passed(())
        for changed in part:
            if progress.pass_by(changed):
                found[changed] = progress.position
        return found

    def pass_by(self, changed: Changed) -> bool:
        """Move to where `changed` has been told; return False if it had been before."""
        partition, sequence, _ = changed.change
        if sequence <= self._sequences.get(partition, -1):
            return False
        self._sequences[partition] = sequence
        return True


def told(
    standing: Sequence[StandingQuery], rounds: Sequence[Round], before: Reached, view: View
) -> dict[StandingQuery, bytes]:
    """Return the events that each of `standing` has of `rounds`, for clients that were told everything up to `before`.

    Results are marked as in `view`. Blocking.
    """
    found: dict[StandingQuery, bytes] = {}
    progress = Progress(before)
    every = [(query, compiled) for query in standing if (compiled := query.compiled(view))]
    for each in rounds:
        each.index()
        if each.indexed is None:
            continue
        changed, positions = each.indexed.changed, dict[Changed, Reached]()
        matching = each.indexed.index.matching([compiled.query for _, compiled in every])
        for (query, compiled), numbers in zip(every, matching, strict=True):
            if numbers:
                positions = positions or progress.positions(changed)
                places = [each.indexed.places[number] for number in numbers]
                found[query] = found.get(query, b"") + _events(query, compiled, places, positions, view)
        progress = progress.passed(changed)
    return found


def _events(
    query: StandingQuery,
    compiled: Compiled,
    places: Sequence[tuple[Changed, bool]],
    positions: Mapping[Changed, Reached],
    view: View,
) -> bytes:
    old = {changed for changed, is_new in places if not is_new}
    new = [changed for changed, is_new in places if is_new and changed in positions]
    hits = query.hits(compiled, view, [changed.new or b"" for changed in new]) if new else []
    return b"".join(_told(positions, old, dict(zip(new, hits, strict=True))))


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
