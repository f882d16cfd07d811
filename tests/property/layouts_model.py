"""What a replica should hold and serve: the rules of layouts, written again as plainly as possible."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

from lightship.core.manifest import LayoutName, Manifest

Summary = tuple[tuple[str | None, str | None, str | None], dict[str, dict[int, tuple[int, int]]]]


class Model:
    """Layouts by name, each with its installed manifests by shard."""

    names = ("s1v2", "s2v2", "s3v2")

    def __init__(self, guard: float, *, keep: bool) -> None:
        """Begin empty."""
        self.guard, self.keep = guard, keep
        self.installed: dict[str, dict[int, Manifest]] = {}
        self.durable: dict[str, dict[int, Manifest]] = {}  # of these layouts, what a power loss leaves
        self.served: str | None = None
        self.wanted: str | None = None
        self.former: str | None = None
        self.at_least = 0  # the order that a layout had to exceed at the last flip

    def copy(self) -> Model:
        """Return an independent copy."""
        return copy.deepcopy(self)

    def summary(self) -> Summary:
        """Return what can be compared with a replica."""
        installed = {
            name: {shard: manifest.version for shard, manifest in shards.items()}
            for name, shards in self.installed.items()
            if shards
        }
        return (self.served, self.wanted, self.former), installed

    def steps(self, work: Callable[[], None]) -> Iterator[Model]:
        """Yield the states that a crash in the middle of `work` (of this model) may leave, ending with all of it."""
        self.trail: list[Model] = []
        work()
        trail = self.trail
        del self.trail
        yield from trail
        yield self

    def step(self) -> None:
        """The disk is in this state for a moment."""
        if hasattr(self, "trail"):
            left = copy.copy(self)
            del left.trail
            left.drop()  # a start removes what nothing keeps
            self.trail.append(left.copy())

    def order(self, name: str | None) -> int:
        """Return the order that all shards of a layout have reached."""
        return min((manifest.order for manifest in self.installed.get(name or "", {}).values()), default=0)

    @property
    def above(self) -> int:
        """A layout flips by itself only with a greater order."""
        return max(self.at_least, self.order(self.served))

    def takes(self, manifest: Manifest) -> bool:
        """Tell whether the layout is one that is received."""
        known = manifest.layout.name in (self.served, self.wanted, self.former)
        return self.served is None or known or manifest.order > self.above

    def is_newest(self, manifest: Manifest) -> bool:
        """Tell whether nothing newer of its shard is installed."""
        old = self.installed.get(manifest.layout.name, {}).get(manifest.shard)
        return old is None or old.version <= manifest.version

    def install(self, manifest: Manifest) -> None:
        """It is installed now."""
        assert self.takes(manifest)
        assert self.is_newest(manifest)
        name = manifest.layout.name
        self.installed.setdefault(name, {})[manifest.shard] = manifest
        if len(self.installed[name]) == 1 and name not in self.durable:
            self.make_durable(name)
        self.step()
        if name != self.served and self.flips(name):
            self.serve(name)

    def make_durable(self, *names: str) -> None:
        """What is installed in these layouts, or in all, is on the disk."""
        for name in names or self.installed:
            self.durable[name] = dict(self.installed[name])

    def lose(self, name: str) -> None:
        """What was not on the disk of this layout is lost."""
        self.installed[name] = dict(self.durable[name])

    def offer(self, manifest: Manifest) -> None:
        """It is installed now, unless it is refused."""
        if self.takes(manifest) and self.is_newest(manifest):
            self.install(manifest)

    def flips(self, name: str) -> bool:
        """Tell whether the layout called `name` is served by itself, or since it is wanted."""
        manifests, whole = list(self.installed[name].values()), LayoutName.of(name).shards
        if self.served is None or name == self.wanted:
            return len(manifests) == whole
        newer = [manifest for manifest in manifests if manifest.order > self.above]
        return len(newer) == whole and documents(newer) >= self.guard * documents(self.installed[self.served].values())

    def serve(self, name: str) -> None:
        """Flip."""
        self.make_durable(name)
        self.at_least = max(self.above, self.order(name))
        self.former, self.served = (self.served if self.keep else None), name
        self.wanted = None if self.wanted == name else self.wanted
        self.drop()

    def promote(self, name: str) -> None:
        """Somebody wants it."""
        if name == self.served:
            self.wanted = None
        elif len(self.installed.get(name, {})) == LayoutName.of(name).shards:
            self.serve(name)
        else:
            self.wanted = name

    def roll_back(self) -> None:
        """Back to the former one."""
        assert self.former is not None
        self.wanted = None
        self.serve(self.former)

    def expire(self) -> None:
        """The former one has been kept for long enough."""
        self.former = None
        self.drop()

    def drop(self) -> None:
        """Forget the layouts that nothing keeps."""
        if self.served is None:
            return
        keep = (self.served, self.wanted, self.former)
        self.installed = {
            name: shards
            for name, shards in self.installed.items()
            if name in keep or any(manifest.order > self.above for manifest in shards.values())
        }
        self.durable = {name: shards for name, shards in self.durable.items() if name in self.installed}


def documents(manifests: Any) -> int:
    """Return how many documents count."""
    return sum(manifest.documents for manifest in manifests)
