"""What of a replica is seen: all of it, or, with a key, what the key's filter leaves."""

from __future__ import annotations

from typing import Protocol

from msgspec.structs import replace

from lightship.core.errors import ForbiddenError, InvalidInputError
from lightship.http.keys.key import OpenedKey
from lightship.index.reader import View
from lightship.index.scoped import scoped
from lightship.index.suggest.scoped_words import ScopedWords
from lightship.index.suggest.words import Words
from lightship.searchengine.search.api import Answers, Filters, IndexInfo
from lightship.searchengine.search.replica import Replica


class Seen(Protocol):
    """What answers are made from: a `Replica`, or a part of one."""

    @property
    def view(self) -> View:
        """The view to search; raises UnavailableError until the first layout is complete."""

    @property
    def words(self) -> Words | ScopedWords | None:
        """The words that are suggested, and that correct others; None if there are none yet."""

    @property
    def info(self) -> IndexInfo:
        """The index that answers."""

    @property
    def state(self) -> bytes:
        """What answers depend on."""

    @property
    def layout(self) -> str | None:
        """The layout that is served."""

    @property
    def filters(self) -> Filters:
        """What leaves a part of the index; empty if all of it is seen."""

    @property
    def answers(self) -> Answers:
        """Answers that are kept as long as the state lasts."""


class Part:
    """The part of `replica` that `filters` leave, and no sign of the rest."""

    def __init__(self, replica: Replica, filters: Filters) -> None:
        """See `replica` through `filters`."""
        self._replica, self.filters, self.answers = replica, filters, replica.answers

    @property
    def view(self) -> View:
        """The view to search; raises UnavailableError, and ForbiddenError if the index lacks a field of the filters."""
        whole = self._replica.view
        try:
            return scoped(whole, self.filters)
        except InvalidInputError as error:
            raise ForbiddenError(f"this key can't be used here, because of its filter: {error}") from error

    @property
    def words(self) -> ScopedWords | None:
        """The words that are suggested."""
        return ScopedWords(self.view) if self._replica.words is not None else None

    @property
    def info(self) -> IndexInfo:
        """The index that answers, with the number of documents seen."""
        whole = self._replica.info
        return replace(whole, documents=self.view.documents) if whole.layout else whole

    @property
    def state(self) -> bytes:
        """What answers depend on."""
        return self._replica.state

    @property
    def layout(self) -> str | None:
        """The layout that is served."""
        return self._replica.layout


def seen_with(key: OpenedKey | None, replica: Replica) -> Replica | Part:
    """Return what the holder of `key` sees of `replica`; without a key or a filter, everything."""
    return Part(replica, key.conditions) if key is not None and key.key.filter else replica
