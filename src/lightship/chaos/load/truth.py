"""The truth: every change that was ever sent, by URL, and what a replica may therefore answer.

The changes of one URL are sent one at a time, each after the previous one is acknowledged. So the sequence of states of
a URL is known: a replica may only move forward in it (it may skip states), and must end with the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lightship.core.errors import WrongAnswerError


@dataclass
class Truth:
    """The changes of each URL: `versions[url][v]` is True if version v put it, False if it deleted it.

    Version 0 is the state before the first change.
    """

    versions: dict[str, list[bool]] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)  # the newest acknowledged version, by URL

    def send(self, url: str, *, put: bool) -> int:
        """Note that a change is about to be sent; return its version."""
        versions = self.versions.setdefault(url, [False])
        assert self.acknowledged.get(url, 0) == len(versions) - 1, f"{url}: the previous change is not acknowledged"
        versions.append(put)
        return len(versions) - 1

    def acknowledge(self, url: str) -> None:
        """Note that the newest change of `url` was acknowledged."""
        self.acknowledged[url] = len(self.versions[url]) - 1

    def exists(self, url: str) -> bool:
        """Whether the newest change of `url` put it."""
        return self.versions.get(url, [False])[-1]

    def newest(self, url: str) -> int:
        """Return the newest version of `url`, or 0 if that is a delete or there is none."""
        return len(self.versions[url]) - 1 if self.exists(url) else 0

    def final(self) -> dict[str, int]:
        """Return exactly what must be found once everything is acknowledged: versions by URL."""
        return {url: len(versions) - 1 for url, versions in self.versions.items() if versions[-1]}

    def differences(self, found: Iterable[tuple[str, int]]) -> list[str]:
        """Describe how the (url, version) pairs that a replica finds differ from the final state."""
        final, seen = self.final(), dict[str, int]()
        differences = []
        for url, version in found:
            if url in seen:
                differences.append(f"{url} appears twice: versions {seen[url]} and {version}")
            seen[url] = version
            if url not in final:
                differences.append(
                    f"{url} reappeared: version {version}, deleted by version {len(self.versions.get(url, [])) - 1}"
                )
            elif version != final[url]:
                differences.append(f"{url} has version {version}, not {final[url]}")
        return differences + [f"{url} is lost: version {version}" for url, version in final.items() if url not in seen]

    def lacks(self, found: Iterable[tuple[str, int]], acknowledged: Mapping[str, int]) -> list[str]:
        """Describe which `acknowledged` changes (versions by URL) are missing from the (url, version) pairs found.

        Changes that were sent later may or may not be there.
        """
        differences, seen = list[str](), dict[str, int]()
        for url, version in found:
            if url in seen:
                differences.append(f"{url} appears twice: versions {seen[url]} and {version}")
            seen[url] = version
        lacking = self.lacking(seen, acknowledged)
        return [*differences, *(self.describe_stale(url, seen.get(url, 0), least) for url, least in lacking.items())]

    def lacking(self, found: Mapping[str, int], acknowledged: Mapping[str, int]) -> dict[str, int]:
        """Return those of `acknowledged` that are not in `found` (versions by URL; an absent URL was deleted)."""
        return {url: least for url, least in acknowledged.items() if not self._has(url, found.get(url, 0), least)}

    def _has(self, url: str, version: int, least: int) -> bool:
        """Whether `version` (0: none) is the acknowledged version `least`, or one that was sent later."""
        versions = self.versions[url]
        return least <= version < len(versions) and versions[version] if version else not all(versions[least:])

    @staticmethod
    def describe_stale(url: str, version: int, least: int) -> str:
        """Describe that `version` (0: none) of `url` is older than the acknowledged version `least`."""
        return f"{url} has version {version}, although version {least} was acknowledged"


class Witness:
    """What one replica has shown so far: it must never go back in time."""

    def __init__(self, truth: Truth) -> None:
        """Compare answers with `truth`."""
        self._truth = truth
        self._floors: dict[str, int] = {}
        self._generations: dict[str, tuple[int, int]] = {}

    @property
    def floors(self) -> dict[str, int]:
        """The oldest version of each URL that the answer to a query sent from now on may show; 0 for others."""
        return dict(self._floors)

    def check(self, url: str, version: int | None, floor: int) -> None:
        """Compare what a query found of `url` (None: nothing) with the truth; `floor` is its floor when it was sent.

        Raises WrongAnswerError.
        """
        versions = self._truth.versions.get(url, [False])
        if version is None:
            absent = (number for number in range(floor, len(versions)) if not versions[number])
            seen = next(absent, None)
            if seen is None:
                raise WrongAnswerError(
                    f"{url} is not found, although version {floor} was, and nothing has deleted it since"
                )
        elif not 0 < version < len(versions) or not versions[version]:
            raise WrongAnswerError(f"{url} has version {version}, which was never put (newest: {len(versions) - 1})")
        elif version < floor:
            was = "was there" if versions[floor] else "was a delete that was seen"
            raise WrongAnswerError(f"{url} has version {version}, after version {floor} {was}")
        else:
            seen = version
        self._floors[url] = max(self._floors.get(url, 0), seen)

    @property
    def generations(self) -> Mapping[str, tuple[int, int]]:
        """The newest (epoch, generation) of any answer, by shard."""
        return dict(self._generations)

    def check_generations(self, found: Mapping[str, Iterable[int]], before: Mapping[str, tuple[int, int]]) -> None:
        """Compare the generations of an answer with those known `before` its query; raises WrongAnswerError."""
        for shard, pair in found.items():
            epoch, generation = pair
            if (epoch, generation) < before.get(shard, (0, 0)):
                raise WrongAnswerError(f"shard {shard} went back from {before[shard]} to {(epoch, generation)}")
            self._generations[shard] = max(self._generations.get(shard, (0, 0)), (epoch, generation))
