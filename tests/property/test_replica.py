"""A replica beside a model of it: whatever is pushed and whenever it crashes, it serves one whole view, the newest."""

from __future__ import annotations

import builtins
import contextlib
import errno
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lightship.core.errors import InvalidInputError, NotFoundError, OutOfSpaceError, RetiredError, SupersededError
from lightship.core.manifest import Layout, Manifest
from lightship.index.storage.segments import manifests_of
from lightship.rpc.messages import Missing
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.layouts import Rules
from lightship.searchengine.store.store import Store
from made import MadeShard, page, send_file, urls
from property.layouts_model import Model

SHARDS = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))
KEYS = st.sampled_from(SHARDS)
LAYOUTS = st.sampled_from([1, 2, 3])
STEPS = ("fsync", "rename", "link", "unlink", "utime", "open", "mkdir", "rmdir")  # the calls that change the disk
FILLING = ("fsync", "rename", "link", "open", "mkdir")  # those that a full disk fails
GUARD = 0.6


ALL, FILES = 21, 19  # all that was not synced, or all but meta.json
PICKS = st.one_of(st.integers(0, 18), st.sampled_from([ALL, FILES]))
CONTENTS = st.sampled_from([None, b"", b"\0"])  # not there, empty, or zeros


class Crash(BaseException):
    """The process dies here; nothing may catch it as an error."""


class ReplicaMachine(RuleBasedStateMachine):
    """Layouts of one, two and three shards, each pushed to in any order."""

    @initialize(kept=st.sampled_from([0.0, 3600.0]))
    def make(self, kept: float) -> None:
        self.temporary = tempfile.TemporaryDirectory()
        self.synced = set[tuple[int, int, int]]()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(os, "fsync", self.noting(os.fsync))
        self.folder = Path(self.temporary.name)
        self.flips = Rules(guard=GUARD, keep_former=kept)
        self.made = {key: MadeShard(self.folder / f"{key[0]}-{key[1]}", key[1], key[0]) for key in SHARDS}
        self.orders, self.greatest, self.epoch = {1: 1, 2: 2, 3: 3}, 3, 1
        self.pages: dict[tuple[int, int], set[int]] = {key: set() for key in SHARDS}
        self.contents: dict[tuple[str, int, tuple[int, int]], set[int]] = {}
        self.offered: list[tuple[MadeShard, Manifest]] = []
        self.model = Model(GUARD, keep=kept > 0)
        self.reopen()

    def teardown(self) -> None:
        if hasattr(self, "temporary"):
            self.patch.undo()
            self.temporary.cleanup()

    def noting(self, fsync: Callable[[int], None]) -> Callable[[int], None]:
        """Return `fsync` that notes which files, as they are then, outlive a power loss."""

        def call(descriptor: int) -> None:
            fsync(descriptor)
            self.synced.add(stamp(os.fstat(descriptor)))

        return call

    @rule()
    def reopen(self) -> None:
        self.store = Store(str(self.folder / "store"), self.flips)
        self.store.clean_up()
        self.replica = Replica(self.store)
        self.model.drop()  # a start removes what nothing keeps: what was wanted, and is not any more

    @rule(key=KEYS, number=st.integers(0, 3), delete=st.booleans(), newer=st.booleans())
    def change(self, key: tuple[int, int], number: int, delete: bool, newer: bool) -> None:
        """Change a shard, and make a manifest of it that may be pushed now, later or never."""
        made, pages = self.made[key], self.pages[key]
        self.epoch += newer
        made.epoch, made.order = max(made.epoch, self.epoch), self.orders[key[0]]
        if delete:
            made.delete(page(number).url)
            pages.discard(number)
        else:
            made.put(page(number))
            pages.add(number)
        manifest = made.manifest()
        self.contents[manifest.layout.name, key[1], manifest.version] = set(pages)
        self.offered.append((made, manifest))

    @rule(shards=LAYOUTS)
    def come_back(self, shards: int) -> None:
        """Somebody goes (back) to this number of shards: the log gives the layout a new order."""
        self.greatest += 1
        self.orders[shards] = self.greatest

    @rule(shards=LAYOUTS, number=st.integers(0, 3))
    def push_layout(self, shards: int, number: int) -> None:
        """Change and push all shards of a layout."""
        for shard in range(shards):
            self.change((shards, shard), number, delete=False, newer=False)
            self.push(1, 99)

    @precondition(lambda self: self.offered)
    @rule(back=st.integers(1, 4), files=st.sampled_from([99, 99, 3]), enclosed=st.sampled_from([0, 0, 4, 99]))
    def push(self, back: int, files: int, enclosed: int = 0) -> None:
        """Push one of the newest manifests, or only some of its files, the first ones enclosed with it."""
        made, manifest = self.offered[-min(back, len(self.offered))]
        self.attempt(lambda: self.send(made, manifest, files, enclosed), manifest)

    @rule(key=KEYS, number=st.integers(0, 3), pick=PICKS, enclosed=st.booleans())
    def push_damaged(self, key: tuple[int, int], number: int, pick: int, enclosed: bool) -> None:
        """Send a file that is not what the manifest names, cut, longer or another one: nothing of it may be kept."""
        self.change(key, number, delete=False, newer=False)
        made, manifest = self.offered[-1]
        with contextlib.suppress(RetiredError):
            missing = self.missing(manifest)
            file = manifest.files[missing[pick % len(missing)]]
            content = made.bytes_of(file)
            for damaged in (content[:-1], content + b"x", b"?" + content[1:]):
                with pytest.raises(InvalidInputError):
                    if enclosed:
                        self.store.install(manifest, manifest.shard, {file.name: damaged})
                    else:
                        send_file(self.store, manifest, file, damaged)
                assert file.name in self.missing(manifest)

    def missing(self, manifest: Manifest) -> list[str]:
        answer = self.store.install(manifest, manifest.shard)
        return answer.files if isinstance(answer, Missing) else []

    @rule()
    def make_durable(self) -> None:
        self.store.make_durable()
        self.model.make_durable()

    @rule(content=CONTENTS, pick=PICKS)
    def lose_power(self, content: bytes | None, pick: int) -> None:
        """Of what was not synced, one file or all are not what was written, or not there; then start again."""
        for name in self.store.layouts.names():
            folder = Path(self.store.layout_folder(name))
            needed = {"meta.json"}.union(*(manifest.files for manifest in self.store.layouts.installed(name)))
            loose = sorted(
                path for path in folder.iterdir() if path.is_file() and stamp(path.stat()) not in self.synced
            )
            lost = loose if pick >= FILES else loose[pick % len(loose) :][:1] if loose else []
            lost = [path for path in lost if pick != FILES or path.name != "meta.json"]
            for path in lost:
                size = path.stat().st_size
                path.unlink()  # what has another name too, and was not synced, is only lost by this one
                if content is not None or path.name == "meta.json":  # a rename leaves the old one or the new one
                    path.write_bytes((content or b"") * size)
            if name in self.model.installed and needed & {path.name for path in lost}:
                self.model.lose(name)
        self.reopen()

    @rule(key=KEYS, number=st.integers(0, 3), content=CONTENTS, pick=PICKS)
    def lose_power_after_a_push(self, key: tuple[int, int], number: int, content: bytes | None, pick: int) -> None:
        self.change(key, number, delete=False, newer=False)
        self.push(1, 99, 99)
        self.lose_power(content, pick)

    @rule(step=st.sampled_from(STEPS), calls=st.integers(0, 24), late=st.booleans(), content=CONTENTS, pick=PICKS)
    def crash_in_make_durable(self, step: str, calls: int, late: bool, content: bytes | None, pick: int) -> None:
        """Die while all is made durable; then start again, or lose power too."""
        with dying(step, calls, late):
            self.store.make_durable()
        self.note_durable()
        self.lose_power(content, pick) if pick % 2 else self.reopen()

    def note_durable(self) -> None:
        """Note what a start would return to, after an error on the way there: what it was, or what is installed."""
        for name, shards in self.model.installed.items():
            path = Path(self.store.layout_folder(name), "durable.json")
            # Without the file, the first install was synced before it was made
            manifests = manifests_of(path.read_bytes()) if path.exists() else list(shards.values())
            noted = {manifest.shard: manifest for manifest in manifests}
            assert noted in (self.model.durable.get(name), shards)
            self.model.durable[name] = noted

    @rule(shards=LAYOUTS, other=LAYOUTS, number=st.integers(0, 3))
    def come_back_in_part(self, shards: int, other: int, number: int) -> None:
        """Somebody goes to `other`, and back when it is not there yet; then the indexer of only one shard is started."""
        self.come_back(other)
        self.come_back(shards)
        self.change((shards, number % shards), number, delete=False, newer=False)
        self.push(1, 99)
        self.push_layout(other, number)

    @rule(shards=LAYOUTS)
    def promote(self, shards: int) -> None:
        self.store.promote(Layout(shards, 2).parsed_name)
        self.model.promote(Layout(shards, 2).name)

    @rule()
    def roll_back(self) -> None:
        try:
            self.store.layouts.roll_back()
        except NotFoundError:
            assert self.model.former is None
        else:
            self.model.roll_back()

    @rule()
    def expire(self) -> None:
        """The time for which the former layout is kept is over."""
        self.let_expire()
        self.model.expire()

    def let_expire(self) -> bool:
        former = self.store.layouts.state().former_until
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("time.time", lambda: former + 1)
            self.store.layouts.expire()
        return True

    @rule(key=KEYS, number=st.integers(0, 3), step=st.sampled_from(STEPS), calls=st.integers(0, 24), late=st.booleans(), enclosed=st.sampled_from([0, 4, 99]))  # fmt: skip
    def crash(self, key: tuple[int, int], number: int, step: str, calls: int, late: bool, enclosed: int) -> None:
        """Push a change, and die before (or after) a call that changes the disk; then start again."""
        self.change(key, number, delete=False, newer=False)
        made, manifest = self.offered[-1]
        self.die(step, calls, late, lambda: self.send(made, manifest, 99, enclosed), lambda: self.model.offer(manifest))

    @rule(shards=LAYOUTS, step=st.sampled_from(STEPS), calls=st.integers(0, 8), late=st.booleans())
    def crash_in_promote(self, shards: int, step: str, calls: int, late: bool) -> None:
        layout = Layout(shards, 2)
        self.die(
            step, calls, late, lambda: self.store.promote(layout.parsed_name), lambda: self.model.promote(layout.name)
        )

    @precondition(lambda self: self.model.former)
    @rule(step=st.sampled_from(STEPS), calls=st.integers(0, 8), late=st.booleans())
    def crash_in_roll_back(self, step: str, calls: int, late: bool) -> None:
        self.die(step, calls, late, self.store.layouts.roll_back, self.model.roll_back)

    @precondition(lambda self: self.model.former)
    @rule(step=st.sampled_from(STEPS), calls=st.integers(0, 8), late=st.booleans())
    def crash_in_expire(self, step: str, calls: int, late: bool) -> None:
        self.die(step, calls, late, self.let_expire, self.model.expire)

    def die(self, step: str, calls: int, late: bool, work: Callable[[], object], noted: Callable[[], None]) -> None:
        """Do `work` up to a crash, start again; the model notes all of it (`noted`), a part or nothing."""
        before = self.model.copy()
        done = False
        with dying(step, calls, late), contextlib.suppress(RetiredError, SupersededError, FileNotFoundError):
            done = bool(work())
        self.reopen()
        if done:
            noted()
            self.model.drop()
            return
        states = [before.copy(), *self.model.steps(noted)]
        for model in states:
            model.drop()
        found = [model for model in states if self.agrees(model)]
        assert found, f"{self.seen()} is none of {[model.summary() for model in states]}"
        self.model = found[0]

    @rule(key=KEYS, number=st.integers(0, 3), step=st.sampled_from(FILLING), calls=st.integers(0, 12), enclosed=st.sampled_from([0, 4, 99]))  # fmt: skip
    def fill_the_disk(self, key: tuple[int, int], number: int, step: str, calls: int, enclosed: int) -> None:
        """The disk is full at one call: an error that says so, and the old view; the next push goes on."""
        self.change(key, number, delete=False, newer=False)
        made, manifest = self.offered[-1]
        before, hit, told = self.model.copy(), list[OSError](), False

        def full() -> OSError:
            hit.append(OSError(errno.ENOSPC, "No space left on device"))
            return hit[0]

        with pytest.MonkeyPatch.context() as patch:
            owner = owner_of(step)
            patch.setattr(owner, step, failing(getattr(owner, step), calls, full, late=False))
            try:
                self.attempt(lambda: self.send(made, manifest, 99, enclosed), manifest)
            except OutOfSpaceError:
                told = True
        assert told == bool(hit)
        if told:
            states = [before, *self.model.steps(lambda: self.model.offer(manifest))]
            self.replica.follow()
            self.model = next(model for model in states if self.agrees(model))
            self.note_durable()  # the last sync may have failed, after the rename
        takes = self.model.takes(manifest)
        self.push(1, 99)
        assert not takes or self.model.installed[manifest.layout.name][manifest.shard] == manifest

    def send(self, made: MadeShard, manifest: Manifest, files: int, enclosed: int = 0) -> bool:
        """Return whether it was installed."""
        names = sorted(manifest.files)[:enclosed]
        contents = {name: made.bytes_of(manifest.files[name]) for name in names}
        answer = self.store.install(manifest, manifest.shard, contents)
        if isinstance(answer, Missing):
            for name in answer.files[:files]:
                send_file(self.store, manifest, manifest.files[name], made.bytes_of(manifest.files[name]))
            answer = self.store.install(manifest, manifest.shard)
        return not isinstance(answer, Missing)

    def attempt(self, work: Callable[[], bool], manifest: Manifest) -> None:
        try:
            if work():
                self.model.install(manifest)
        except FileNotFoundError:  # the indexer published something newer meanwhile
            pass
        except SupersededError:
            assert not self.model.is_newest(manifest)
        except RetiredError:
            assert not self.model.takes(manifest)

    def seen(self) -> tuple[Any, ...]:
        state = self.store.layouts.state()
        installed = {
            name: {m.shard: m.version for m in self.store.layouts.installed(name)} for name in self.model.names
        }
        return (state.served, state.wanted, state.former), {name: found for name, found in installed.items() if found}

    def agrees(self, model: Model) -> bool:
        return self.seen() == model.summary()

    @invariant()
    def serves_the_newest_whole_view(self) -> None:
        if not hasattr(self, "replica"):
            return
        self.replica.follow()
        assert self.seen() == self.model.summary()
        assert self.replica.layout == self.model.served
        if self.model.served is None:
            return
        shards = self.model.installed[self.model.served]
        assert {m.shard: m.version for m in self.replica.manifests} == {n: m.version for n, m in shards.items()}
        expected = sorted(
            page(number).url
            for manifest in shards.values()
            for number in self.contents[manifest.layout.name, manifest.shard, manifest.version]
        )
        assert sorted(urls(self.replica, "page", size=100)) == expected


def stamp(status: os.stat_result) -> tuple[int, int, int]:
    """Return what is another value when a file is another one, or has another content."""
    return status.st_ino, status.st_mtime_ns, status.st_size


@contextlib.contextmanager
def dying(step: str, calls: int, late: bool) -> Iterator[None]:
    """Die before (or after) so many calls of `step`."""
    owner = owner_of(step)
    with pytest.MonkeyPatch.context() as patch, contextlib.suppress(Crash):
        patch.setattr(owner, step, failing(getattr(owner, step), calls, Crash, late=late))
        yield


def owner_of(step: str) -> Any:
    return builtins if step == "open" else os


def step_opens(real: Callable[..., Any]) -> bool:
    return real is io.open  # builtins.open is the failing one meanwhile


def failing(
    real: Callable[..., Any], calls: int, error: Callable[[], BaseException], *, late: bool
) -> Callable[..., Any]:
    """Return `real` that raises `error()` after so many calls: once if it is an error, from then on if it is a crash."""
    left, once = calls, error is not Crash

    def call(*arguments: Any, **more: Any) -> Any:
        nonlocal left
        if step_opens(real) and not set(str(arguments[1] if len(arguments) > 1 else "r")) & set("wa"):
            return real(*arguments, **more)
        if once and real.__name__ == "mkdir" and os.path.isdir(arguments[0]):
            return real(*arguments, **more)  # on a full disk as well, the system says that it exists
        left -= 1
        if left >= 0 or (once and left < -1):
            return real(*arguments, **more)
        if left == -1 and late:
            made = real(*arguments, **more)
            if step_opens(real):
                made.close()
        raise error()  # a crash also for what a `finally` does: the process is gone

    return call


TestReplica = ReplicaMachine.TestCase
TestReplica.settings = settings(
    phases=[Phase.generate],
    max_examples=40,
    stateful_step_count=20,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
