"""Merged segments are held back until replicas have them: what is published is right at every moment meanwhile."""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
from collections.abc import Collection
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lightship.index.compiler import compile_query
from lightship.index.deletes import PublishedSegment
from lightship.index.query import parse_query
from lightship.index.reader import IndexReader, find
from lightship.index.schema import SCHEMA_VERSION
from lightship.index.segments import Snapshots, compose, restore
from lightship.indexer import hold, tiers
from lightship.indexer.hold import Hold
from lightship.indexer.tiers import Tiers
from lightship.manifest import File, Layout, Manifest, Segment, check_manifest
from lightship.searchengine.answer import MAX_SIZE
from made import MadeShard, page, sources, words
from support import wait_until

MERGED_AT = 8  # segments, by tantivy's policy
LONG = " ".join(words(3000, 1))  # so that a merge takes longer than to look at what is committed


class Publisher:
    """Publishes a shard's two tiers as `Shard` does, each document in the large one at once."""

    def __init__(self, folder: Path, expected: dict[str, str] | None = None) -> None:
        self.published = folder / "published"
        self.tiers = Tiers(str(folder), heap_bytes=16 << 20, threads=1)
        self.snapshots = Snapshots(self.tiers.folders, str(self.published))
        self.come = False
        self.hold = Hold(self.snapshots, str(self.published), self.has_come)
        self.expected = dict(expected or {})
        self.seen = 0  # segments of the large index when it was looked at last
        self.publish()

    def has_come(self, files: Collection[File]) -> bool:
        return self.come and bool(files)

    def put(self, number: int, text: str) -> None:
        made = page(number, f"page {text}")
        self.tiers.put(made)
        self.expected[made.url] = made.text

    def delete(self, number: int) -> None:
        self.tiers.delete(page(number).url)
        self.expected.pop(page(number).url, None)

    def commit(self) -> Manifest:
        self.tiers.move()
        self.tiers.commit()
        return self.publish()

    def settle(self, seconds: float = 10) -> None:
        """Wait until tantivy has merged what it will."""
        wait_until(lambda: len(self.large()) < MERGED_AT, seconds, "a merge")

    def large(self) -> list[Segment]:
        return self.snapshots.take_each()[0]

    def publish(self) -> Manifest:
        large, small = self.snapshots.take_each()
        self.seen = len(large)
        segments = self.snapshots.digested([*self.hold.choose(large, self.tiers.take_changes()), *small])
        manifest = Manifest(
            layout=Layout(1, SCHEMA_VERSION), order=1, shard=0, epoch=1, generation=1, segments=segments, log_id="log",
            positions={}, made=0, fresh_as_of=0, coming=self.hold.coming,
        )  # fmt: skip
        check_manifest(manifest, 0)
        self.snapshots.drop_others(manifest.wanted.keys() | self.hold.names)
        assert self.found(manifest) == self.expected
        return manifest

    def found(self, manifest: Manifest) -> dict[str, str]:
        compose(str(self.published), [manifest])
        view = IndexReader(str(self.published)).view
        page = find(view, compile_query(parse_query("page"), view.version, view.languages), 0, MAX_SIZE, by_date=False)
        assert len(page.scores) == page.total == view.documents
        return {source.url: source.text.decode() for source in sources(page)}

    def fill(self, first: int = 0) -> None:
        """Commit until tantivy merges what was published, not earlier, and wait for it; nothing is published meanwhile."""
        for number in range(first, first + 5 * MERGED_AT):
            self.put(number, LONG)
            self.commit()
            if self.seen == MERGED_AT:
                break
        self.settle()

    def merge(self) -> None:
        """Have the segments that were there at first merged, and wait for it."""
        self.delete(70)
        self.commit()
        self.settle()

    def close(self) -> None:
        self.tiers.close()
        self.snapshots.close()


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """A publisher of as many segments as tantivy merges with the next commit, whatever that commits."""
    monkeypatch.setattr(hold, "LEAST_BYTES", 0)
    made = [
        MadeShard(tmp_path / f"made-{number}").put(page(number, f"page {LONG}"), page(number + 70))
        for number in range(MERGED_AT)
    ]
    manifests = [shard.manifest() for shard in made]
    for shard in made:
        for file in shard.published.iterdir():
            os.link(file, tmp_path / file.name)
    all_of_them = made[0].manifest(segments=[segment for manifest in manifests for segment in manifest.segments])
    restore(str(tmp_path / "index"), all_of_them, str(tmp_path))
    expected = {page(number).url: f"page {LONG}" for number in range(MERGED_AT)}
    return Publisher(
        tmp_path, expected | {page(number + 70).url: page(number + 70).text for number in range(MERGED_AT)}
    )


def ids(segments: Collection[Segment]) -> set[str]:
    return {segment.id for segment in segments}


def test_what_was_merged_comes_before_it_is_published(publisher: Publisher) -> None:
    publisher.merge()
    held = publisher.publish()
    (merged,) = publisher.large()
    assert len(held.segments) == MERGED_AT
    assert merged.id not in ids(held.segments)
    assert {file.name for file in held.coming} == {file.name for file in merged.files}
    publisher.delete(3)
    publisher.put(4, "second")
    publisher.put(20, "new")
    after = publisher.commit()
    assert after.coming == held.coming
    assert merged.id not in ids(after.segments)
    publisher.come = True
    assert publisher.hold.is_due()
    last = publisher.publish()
    assert last.coming == []
    assert merged.id in ids(last.segments)
    assert not publisher.hold.is_due()
    publisher.close()


def test_a_small_merge_is_published_at_once(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hold, "LEAST_BYTES", 1 << 20)
    publisher.merge()
    assert ids(publisher.publish().segments) == ids(publisher.large())
    publisher.close()


def test_it_is_held_for_a_limited_time(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.merge()
    publisher.publish()
    assert not publisher.hold.is_due()
    monkeypatch.setattr(hold, "MOST_SECONDS", -1e9)
    assert publisher.hold.is_due()
    assert ids(publisher.publish().segments) == ids(publisher.large())
    publisher.close()


@pytest.mark.parametrize("trouble", ["count", "many", "lost"])
def test_what_is_not_sure_is_not_held(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: str
) -> None:
    publisher.merge()
    publisher.publish()
    publisher.delete(1)
    if trouble == "count":  # of what was deleted, something is not told
        monkeypatch.setattr(publisher.tiers, "take_changes", lambda: tiers.Changes([], 0))
    elif trouble == "many":
        monkeypatch.setattr(hold, "MOST_DELETES", 0)
    else:
        monkeypatch.setattr(PublishedSegment, "delete", _lost)
    with caplog.at_level(logging.WARNING):
        manifest = publisher.commit()
    assert "published before it is sent" in caplog.text
    assert (ids(manifest.segments), manifest.coming) == (ids(publisher.large()), [])
    publisher.close()


def _lost(*_: object) -> None:
    raise OSError("the disk is gone")


def test_what_was_added_is_told_from_what_was_merged(publisher: Publisher) -> None:
    """A move and a merge between two looks at the index."""
    publisher.merge()
    publisher.put(50, "moved")
    publisher.delete(2)
    manifest = publisher.commit()
    assert manifest.coming
    (added,) = ids(publisher.large()) & ids(manifest.segments)
    assert added
    publisher.close()


def test_nothing_is_held_that_can_not_be_told(publisher: Publisher, caplog: pytest.LogCaptureFixture) -> None:
    publisher.merge()
    for number in range(100, 100 + len(publisher.expected)):  # as many as were merged
        publisher.put(number, "moved")
    assert publisher.commit().coming == []
    assert "can't be told" in caplog.text
    publisher.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 12)),
        st.tuples(st.just("put"), st.integers(0, 12)),
        st.tuples(st.just("delete"), st.integers(0, 12)),
        st.tuples(st.just("commit"), st.just(0)),
        st.tuples(st.just("settle"), st.just(0)),
        st.tuples(st.just("come"), st.integers(0, 1)),
    ),
    min_size=20,
    max_size=60,
)


# Each example waits for real merges: to shrink one would take minutes
@settings(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(steps=steps, most=st.integers(0, 2))
def test_any_changes_while_merges_are_held(steps: list[tuple[str, int]], most: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(hold, "LEAST_BYTES", 0)
        patch.setattr(tiers, "SMALL_MOST", most)
        publisher = Publisher(Path(name))
        publisher.fill(50)
        for version, (kind, number) in enumerate(steps):
            if kind == "put":
                publisher.put(number, f"version{version}")
            elif kind == "delete":
                publisher.delete(number if version % 2 else number + 50)
            elif kind == "commit":
                publisher.commit()
            elif kind == "settle":
                with contextlib.suppress(AssertionError):  # tantivy looks for merges when it likes
                    publisher.settle(2)
            else:
                publisher.come = bool(number)
        publisher.commit()
        publisher.come = True
        wait_until(lambda: publisher.publish().coming == [], 30, "all merges are over")  # one may end at this moment
        publisher.close()


def test_an_index_is_restored_from_what_is_held(publisher: Publisher, tmp_path: Path) -> None:
    """A standby that takes over meanwhile goes on from the segments that are published, with our delete files."""
    publisher.merge()
    publisher.delete(1)
    publisher.put(2, "second")
    manifest = publisher.commit()
    assert manifest.coming
    publisher.close()
    restore(str(tmp_path / "standby" / "index"), manifest, str(publisher.published))
    standby = Publisher(tmp_path / "standby", publisher.expected)
    standby.delete(3)
    standby.put(2, "third")
    standby.commit()
    standby.close()
