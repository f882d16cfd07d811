"""The truth: every change that was ever sent, by url, and what a replica may answer because of it.

The changes of one url are sent one after the other: the next one only when the last one is acknowledged. So the states that
a url goes through are known, and a replica may only go forward in them (it may skip some), and must end with the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lightship.core.errors import WrongAnswerError


@dataclass
class Truth:
    """The changes of each url: `versions[url][v]` tells whether version v put it (or deleted it); 0: it was never there."""

    versions: dict[str, list[bool]] = field(default_factory=dict)
    acknowledged: dict[str, int] = field(default_factory=dict)  # the newest acknowledged version, by url

    def send(self, url: str, *, put: bool) -> int:
        """Note that a change is about to be sent; return its version."""
        versions = self.versions.setdefault(url, [False])
        assert self.acknowledged.get(url, 0) == len(versions) - 1, f"{url}: the change before is not acknowledged"
        versions.append(put)
        return len(versions) - 1

    def acknowledge(self, url: str) -> None:
        """Note that the newest change of `url` was acknowledged."""
        self.acknowledged[url] = len(self.versions[url]) - 1

    def exists(self, url: str) -> bool:
        """Tell whether the newest change of `url` put it."""
        return self.versions.get(url, [False])[-1]

    def newest(self, url: str) -> int:
        """Return the newest version of `url`, or 0 if that is a delete, or if there is none."""
        return len(self.versions[url]) - 1 if self.exists(url) else 0

    def final(self) -> dict[str, int]:
        """Return the version of each url that must be found when all is acknowledged, and nothing else."""
        return {url: len(versions) - 1 for url, versions in self.versions.items() if versions[-1]}

    def differences(self, found: Iterable[tuple[str, int]]) -> list[str]:
        """Return in words how (url, version) of all that a replica finds differs from the final state."""
        final, seen = self.final(), dict[str, int]()
        told = []
        for url, version in found:
            if url in seen:
                told.append(f"{url} is there twice: versions {seen[url]} and {version}")
            seen[url] = version
            if url not in final:
                told.append(
                    f"{url} is back: version {version}, deleted by version {len(self.versions.get(url, [])) - 1}"
                )
            elif version != final[url]:
                told.append(f"{url} has version {version}, not {final[url]}")
        return told + [f"{url} is lost: version {version}" for url, version in final.items() if url not in seen]

    def lacks(self, found: Iterable[tuple[str, int]], acknowledged: Mapping[str, int]) -> list[str]:
        """Return in words how (url, version) of all that a replica finds lacks what was `acknowledged` (versions by url).

        Anything that was sent later may be there too, or not yet.
        """
        told, seen = list[str](), dict[str, int]()
        for url, version in found:
            if url in seen:
                told.append(f"{url} is there twice: versions {seen[url]} and {version}")
            seen[url] = version
        lacking = self.lacking(seen, acknowledged)
        return [*told, *(self.told(url, seen.get(url, 0), least) for url, least in lacking.items())]

    def lacking(self, found: Mapping[str, int], acknowledged: Mapping[str, int]) -> dict[str, int]:
        """Return those of `acknowledged` that are not in `found` (versions by url; what is not there was deleted)."""
        return {url: least for url, least in acknowledged.items() if not self._has(url, found.get(url, 0), least)}

    def _has(self, url: str, version: int, least: int) -> bool:
        """Tell whether `version` (0: none) is what was acknowledged as `least`, or was sent later."""
        versions = self.versions[url]
        return least <= version < len(versions) and versions[version] if version else not all(versions[least:])

    @staticmethod
    def told(url: str, version: int, least: int) -> str:
        """Say that `version` (0: none) of `url` is older than what was acknowledged as `least`."""
        return f"{url} has version {version}, though version {least} was acknowledged"


class Witness:
    """What one replica has shown so far: time must not go backwards on it."""

    def __init__(self, truth: Truth) -> None:
        """Hold answers against `truth`."""
        self._truth = truth
        self._floors: dict[str, int] = {}
        self._generations: dict[str, tuple[int, int]] = {}

    @property
    def floors(self) -> dict[str, int]:
        """The oldest version of each url that an answer to a query sent from now on may show; 0 for others."""
        return dict(self._floors)

    def check(self, url: str, version: int | None, floor: int) -> None:
        """Hold what a query found of `url` (None: nothing) against the truth; `floor` is its floor when it was sent.

        Raises WrongAnswerError.
        """
        versions = self._truth.versions.get(url, [False])
        if version is None:
            absent = (number for number in range(floor, len(versions)) if not versions[number])
            seen = next(absent, None)
            if seen is None:
                raise WrongAnswerError(f"{url} is not found, though version {floor} was, and nothing deleted it since")
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
        """The newest (epoch, generation) that an answer told, by shard."""
        return dict(self._generations)

    def check_generations(self, told: Mapping[str, Iterable[int]], before: Mapping[str, tuple[int, int]]) -> None:
        """Hold the generations of an answer against those that were there `before` its query; raises WrongAnswerError."""
        for shard, pair in told.items():
            epoch, generation = pair
            if (epoch, generation) < before.get(shard, (0, 0)):
                raise WrongAnswerError(f"shard {shard} went back from {before[shard]} to {(epoch, generation)}")
            self._generations[shard] = max(self._generations.get(shard, (0, 0)), (epoch, generation))
