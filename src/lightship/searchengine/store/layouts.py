"""Which layout in a replica's data folder is served, and which one is next: see `DataFolder` and `State`."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from lightship.config import SearchengineSettings
from lightship.core.errors import NotFoundError, RetiredError
from lightship.core.manifest import LayoutName, Manifest
from lightship.index.fields.schema import check_version
from lightship.searchengine.store.data_folder import DataFolder
from lightship.searchengine.store.durability import make_durable
from lightship.searchengine.store.state import ServedLayout, State, check_format, read_state, write_state

logger = logging.getLogger("searchengine")


@dataclass(frozen=True)
class Rules:
    """When a new layout is served automatically: see the settings of the same names."""

    guard: float = SearchengineSettings.guard
    keep_former: float = SearchengineSettings.keep_former

    @classmethod
    def of(cls, settings: SearchengineSettings) -> Rules:
        """Return the rules that `settings` set."""
        return cls(settings.guard, settings.keep_former)


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A layout that is being received while another is served; `held` says why it is not served yet."""

    layout: str
    order: int
    shards: int
    present: int
    documents: int
    held: str


class Layouts(DataFolder):
    """The layouts in a data folder, and the rules that decide which one is served."""

    def __init__(self, folder: str, rules: Rules) -> None:
        """Open or create the folder; raises IncompatibleIndexError if another version created it."""
        super().__init__(folder)
        self._rules, self._served = rules, ServedLayout(folder)
        self._logged = ""  # the layout that was last logged as held back
        check_format(folder)

    def state(self) -> State:
        """Return which layouts are served, wanted and kept."""
        return read_state(self.data)

    def current(self) -> str | None:
        """Return the name of the served layout; None until the first is complete."""
        return self._served.name()

    def clean_up(self) -> None:
        """Remove what a crash left behind; call it once, before any process receives files."""
        self.remove_leftovers()
        state = self.state()
        served = state.served if self.installed(state.served) else None
        former = state.former if state.former in self.names() and self.installed(state.former) else None
        if (served, former) != (state.served, state.former):
            logger.warning(
                "layout %s is gone; waiting for its indexers to push it again", state.former if served else state.served
            )
            state = msgspec.structs.replace(state, served=served, former=former)
            write_state(self.data, state)
        self._drop_others(state)

    def check(self, manifest: Manifest) -> None:
        """Raise RetiredError unless the manifest's layout is served, kept, wanted, or newer than the served one."""
        state, name = self._expire(), manifest.layout.name
        if state.served is None or name in (state.served, state.former, state.wanted):
            return
        if manifest.order <= self._above(state):
            raise RetiredError(
                f"layout {name} is retired: {state.served} is newer and served here; stop the indexers of {name}, "
                f"or bring it back with `lightship promote {name}`"
            )

    def flip(self, layout: LayoutName) -> None:
        """Start serving `layout` if it is complete and the rules allow it."""
        state = self.state()
        if layout.name == state.served:
            return
        candidate = self._candidate(state, layout.name)
        if candidate is None:  # the former one
            return
        if not candidate.held:
            self._serve(state, layout.name)
        elif candidate.present == candidate.shards and self._logged != layout.name:
            self._logged = layout.name
            logger.warning("layout %s is held back: %s", layout.name, candidate.held)

    def promote(self, layout: LayoutName) -> State:
        """Serve `layout` now, or as soon as it is complete; return the new state."""
        with self.locked():
            self.open_up(layout.name)
            state = self.state()
            if layout.name == state.served:
                write_state(self.data, msgspec.structs.replace(state, wanted=None))
            elif len(self.installed(layout.name)) == layout.shards:
                self._serve(state, layout.name)
            else:
                write_state(self.data, msgspec.structs.replace(state, wanted=layout.name))
            return self.state()

    def roll_back(self) -> State:
        """Serve the former layout again; return the new state.

        Raises NotFoundError if none is kept, InvalidInputError if this searchengine can't read it.
        """
        with self.locked():
            state = self.state()
            if state.former is None:
                raise NotFoundError(
                    "no former layout is kept here; start the indexers of the layout that you want, and run "
                    "`lightship promote LAYOUT`"
                )
            check_version(LayoutName.of(state.former).schema)  # a later release may have left it
            self._serve(msgspec.structs.replace(state, wanted=None), state.former)
            return self.state()

    def candidates(self) -> list[Candidate]:
        """Return the layouts that are being received, and why each is not served yet."""
        state = self.state()
        found = [self._candidate(state, name) for name in self.names() if name != state.served]
        return [candidate for candidate in found if candidate]

    def _candidate(self, state: State, name: str) -> Candidate | None:
        """Return the progress of the layout called `name`; None if it is not meant to be served."""
        layout, manifests = LayoutName.of(name), self.installed(name)
        if state.served is not None and name != state.wanted:
            above = self._above(state)
            manifests = [manifest for manifest in manifests if manifest.order > above]
        if not manifests and name != state.wanted:
            return None
        return Candidate(
            layout=name, order=_order(manifests), shards=layout.shards, present=len(manifests),
            documents=_documents(manifests), held=self._held(state, layout, manifests),
        )  # fmt: skip

    def _held(self, state: State, layout: LayoutName, manifests: Sequence[Manifest]) -> str:
        """Return why `layout`, of which `manifests` are installed, is not served; empty if it may be."""
        if len(manifests) < layout.shards:
            return f"{len(manifests)} of {layout.shards} shards installed"
        if state.served is None or layout.name == state.wanted:
            return ""
        documents, served = _documents(manifests), _documents(self.installed(state.served))
        if documents >= self._rules.guard * served:
            return ""
        return (
            f"it has {documents} documents, but {state.served} has {served}, and -guard is {self._rules.guard:g}; "
            f"to serve it anyway, run `lightship promote {layout.name}`"
        )

    def _above(self, state: State) -> int:
        """Return the order above which a layout counts as newer than the served one."""
        return max(state.above, _order(self.installed(state.served)))

    def _serve(self, state: State, name: str) -> None:
        """Flip to the layout called `name`, which is complete."""
        make_durable(self.folder(name))
        keep = self._rules.keep_former if state.served else 0
        new = State(
            served=name,
            above=max(self._above(state), _order(self.installed(name))),
            wanted=None if state.wanted == name else state.wanted,
            former=state.served if keep else None,
            former_until=time.time() + keep if keep else 0.0,
        )
        write_state(self.data, new)
        logger.info("serving layout %s%s", name, f"; {new.former} is kept for {keep:g} s" if new.former else "")
        self._drop_others(new)

    def expire(self) -> None:
        """Drop the former layout if it has expired, and the layouts that the served one has overtaken."""
        state = self.state()
        if _is_over(state) or self._unneeded(state):
            with self.locked():
                self._drop_others(self._expire())

    def _expire(self) -> State:
        state = self.state()
        if _is_over(state):
            state = msgspec.structs.replace(state, former=None, former_until=0.0)
            write_state(self.data, state)
            self._drop_others(state)
        return state

    def _drop_others(self, state: State) -> None:
        for name in self._unneeded(state):
            self.remove(name)

    def _unneeded(self, state: State) -> list[str]:
        """Return the layouts that are neither served, kept, wanted nor newer."""
        if state.served is None:
            return []
        above, keep = self._above(state), (state.served, state.former, state.wanted)
        orders = {name: [m.order for m in self.installed(name)] for name in self.names() if name not in keep}
        return [name for name, found in orders.items() if found and max(found) <= above]


def _is_over(state: State) -> bool:
    return state.former is not None and time.time() >= state.former_until


def _order(manifests: Sequence[Manifest]) -> int:
    """Return the order of a layout: the lowest of its shards."""
    return min((manifest.order for manifest in manifests), default=0)


def _documents(manifests: Sequence[Manifest]) -> int:
    return sum(manifest.documents for manifest in manifests)
