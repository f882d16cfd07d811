"""A replica beside a model of it: whatever is pushed and whenever it crashes, it serves one whole view, the newest."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lightship.errors import SupersededError
from lightship.index.segments import composed
from lightship.manifest import Manifest
from lightship.rpc.messages import Missing
from lightship.searchengine.replica import Replica
from lightship.searchengine.store import Store
from made import MadeShard, page, send_file, urls

KEYS = st.sampled_from([(1, 0), (1, 0), (2, 0), (2, 1)])
CRASH_POINTS = ("fsync", "rename", "unlink", "utime")
Shards = dict[int, Manifest]


class Crash(BaseException):
    """The process dies here; nothing may catch it as an error."""


class ReplicaMachine(RuleBasedStateMachine):
    """Two layouts of one and two shards, each pushed to in any order."""

    @initialize()
    def make(self) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = Path(self.temporary.name)
        self.made = {
            (shards, shard): MadeShard(self.folder / f"{shards}-{shard}", shard, shards)
            for shards, shard in ((1, 0), (2, 0), (2, 1))
        }
        self.epoch = 1
        self.pages: dict[tuple[int, int], set[int]] = {key: set() for key in self.made}
        self.contents: dict[tuple[int, int, int, int], set[int]] = {}
        self.offered: list[tuple[MadeShard, Manifest]] = []
        self.installed: dict[str, Shards] = {}  # the model: by layout
        self.served: str | None = None
        self.crashed = False
        self.reopen()

    def teardown(self) -> None:
        if hasattr(self, "temporary"):
            self.temporary.cleanup()

    @rule()
    def reopen(self) -> None:
        store = Store(str(self.folder / "store"))
        store.clean_up()
        self.replica = Replica(store)
        self.forget_old_layouts()

    @rule(key=KEYS, number=st.integers(0, 2), delete=st.booleans(), newer=st.booleans())
    def change(self, key: tuple[int, int], number: int, delete: bool, newer: bool) -> None:
        """Change a shard, and make a manifest of it that may be pushed now, later or never."""
        made, pages = self.made[key], self.pages[key]
        self.epoch += newer
        made.epoch = max(made.epoch, self.epoch)
        if delete:
            made.delete(page(number).url)
            pages.discard(number)
        else:
            made.put(page(number))
            pages.add(number)
        manifest = made.manifest()
        self.contents[key[0], key[1], *manifest.version] = set(pages)
        self.offered.append((made, manifest))

    @precondition(lambda self: self.offered)
    @rule(back=st.integers(1, 4), files=st.sampled_from([99, 99, 3]))
    def push(self, back: int, files: int) -> None:
        """Push one of the newest manifests, or only some of its files."""
        made, manifest = self.offered[-min(back, len(self.offered))]
        self.attempt(lambda: self.send(made, manifest, files), manifest)

    @rule(key=KEYS, number=st.integers(0, 2))
    def change_and_push(self, key: tuple[int, int], number: int) -> None:
        self.change(key, number, delete=False, newer=False)
        self.push(1, 99)

    @rule(key=KEYS, number=st.integers(0, 2), point=st.sampled_from(CRASH_POINTS), calls=st.integers(0, 16), late=st.booleans())  # fmt: skip
    def crash(self, key: tuple[int, int], number: int, point: str, calls: int, late: bool) -> None:
        """Push a change, and die before (or after) a call that changes the disk; then start again."""
        self.change(key, number, delete=False, newer=False)
        made, manifest = self.offered[-1]
        self.crashed = True
        with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Crash):
            patch.setattr(os, point, crashing(getattr(os, point), calls, late=late))
            self.attempt(lambda: self.send(made, manifest, 99), manifest)
            self.crashed = False
        if self.crashed and manifest in composed(self.replica.store.layout_folder(manifest.layout.name)):
            self.note(manifest)  # it died after the one rename that counts
        self.crashed = False
        self.reopen()

    def send(self, made: MadeShard, manifest: Manifest, files: int) -> bool:
        """Return whether it was installed."""
        store = self.replica.store
        answer = store.install(manifest, manifest.shard)
        if isinstance(answer, Missing):
            for name in answer.files[:files]:
                send_file(store, manifest, manifest.files[name], made.bytes_of(manifest.files[name]))
            answer = store.install(manifest, manifest.shard)
        return not isinstance(answer, Missing)

    def attempt(self, work: Callable[[], bool], manifest: Manifest) -> None:
        try:
            if work():
                self.note(manifest)
        except FileNotFoundError:  # the indexer published something newer meanwhile
            pass
        except SupersededError:
            assert not self.is_newest(manifest)

    def is_newest(self, manifest: Manifest) -> bool:
        served = self.installed.get(self.served or "", {})
        old = self.installed.get(manifest.layout.name, {}).get(manifest.shard)
        fenced = manifest.layout.name != self.served and manifest.epoch < min((m.epoch for m in served.values()), default=0)  # fmt: skip
        return not fenced and (old is None or old.version <= manifest.version)

    def note(self, manifest: Manifest) -> None:
        """Bring the model up to date: `manifest` is installed."""
        assert self.is_newest(manifest)
        name = manifest.layout.name
        self.installed.setdefault(name, {})[manifest.shard] = manifest
        served = self.installed.get(self.served or "", {})
        whole = len(self.installed[name]) == manifest.layout.shards
        if name != self.served and whole and newest(self.installed[name]) >= newest(served):
            if self.crashed and self.replica.store.current() == self.served:
                return  # it died between install and flip: the next manifest flips
            self.served = name
            self.forget_old_layouts()

    def forget_old_layouts(self) -> None:
        served = newest(self.installed.get(self.served or "", {}))
        self.installed = {
            key: shards for key, shards in self.installed.items() if key == self.served or newest(shards) > served
        }

    @invariant()
    def serves_the_newest_whole_view(self) -> None:
        if not hasattr(self, "replica"):
            return
        self.replica.follow()
        assert self.replica.layout == self.served
        if self.served is None:
            return
        shards = self.installed[self.served]
        assert {m.shard: m.version for m in self.replica.manifests} == {n: m.version for n, m in shards.items()}
        expected: dict[str, int] = {}
        for manifest in shards.values():
            for number in self.contents[manifest.layout.shards, manifest.shard, *manifest.version]:
                expected[page(number).url] = expected.get(page(number).url, 0) + 1
        found: dict[str, int] = {}
        for url in urls(self.replica, "page", size=100):
            found[url] = found.get(url, 0) + 1
        assert found == expected


def newest(shards: Shards) -> int:
    return max((manifest.epoch for manifest in shards.values()), default=0)


def crashing(real: Callable[..., Any], calls: int, *, late: bool) -> Callable[..., Any]:
    left = calls

    def call(*arguments: Any, **more: Any) -> Any:
        nonlocal left
        left -= 1
        if left >= 0:
            return real(*arguments, **more)
        if left == -1 and late:
            real(*arguments, **more)
        raise Crash  # also for what a `finally` does: the process is gone

    return call


TestReplica = ReplicaMachine.TestCase
TestReplica.settings = settings(
    phases=[Phase.generate],
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
