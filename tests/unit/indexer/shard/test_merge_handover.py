"""Merged segments are held back until replicas have them: the published state is correct at every moment."""

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

from lightship.core.manifest import File, Layout, Manifest, Segment, check_manifest
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import IndexReader, find
from lightship.index.storage.alive_bitset import PublishedSegment
from lightship.index.storage.segments import Snapshots, compose, restore
from lightship.indexer.shard import merge_handover, tiers
from lightship.indexer.shard.merge_handover import MergeHandover
from lightship.indexer.shard.tiers import Tiers
from lightship.searchengine.search.api import MAX_SIZE
from made import MadeShard, page, sources, words
from support import wait_until

MERGED_AT = 8  # segments, by tantivy's policy
LONG = " ".join(words(3000, 1))  # so that a merge takes longer than to look at what is committed


class Publisher:
    """Publishes a shard's two tiers like `Shard`, with each document directly in the large one."""

    def __init__(self, folder: Path, expected: dict[str, str] | None = None) -> None:
        self.published = folder / "published"
        self.tiers = Tiers(str(folder), heap_bytes=16 << 20, threads=1)
        self.snapshots = Snapshots(self.tiers.folders, str(self.published))
        self.come = False
        self.handover = MergeHandover(self.snapshots, str(self.published), self.has_come)
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
        """Wait until tantivy has finished merging."""
        wait_until(lambda: len(self.large()) < MERGED_AT, seconds, "a merge")

    def large(self) -> list[Segment]:
        return self.snapshots.take_each()[0]

    def publish(self) -> Manifest:
        large, small = self.snapshots.take_each()
        self.seen = len(large)
        segments = self.snapshots.digested([*self.handover.choose(large, self.tiers.take_changes()), *small])
        manifest = Manifest(
            layout=Layout(1, SCHEMA_VERSION), order=1, shard=0, epoch=1, generation=1, segments=segments, log_id="log",
            positions={}, made=0, fresh_as_of=0, coming=self.handover.coming,
        )  # fmt: skip
        check_manifest(manifest, 0)
        self.snapshots.drop_others(manifest.wanted.keys() | self.handover.names)
        assert self.found(manifest) == self.expected
        return manifest

    def found(self, manifest: Manifest) -> dict[str, str]:
        compose(str(self.published), [manifest])
        view = IndexReader(str(self.published)).view
        page = find(view, compile_query(parse_query("page"), view.version, view.languages), 0, MAX_SIZE, by_date=False)
        assert len(page.scores) == page.total == view.documents
        return {source.url: source.text.decode() for source in sources(page)}

    def fill(self, first: int = 0) -> None:
        """Commit until tantivy merges the published segments, and wait for it, without publishing meanwhile."""
        for number in range(first, first + 5 * MERGED_AT):
            self.put(number, LONG)
            self.commit()
            if self.seen == MERGED_AT:
                break
        self.settle()

    def merge(self) -> None:
        """Make tantivy merge the initial segments, and wait for it."""
        self.delete(70)
        self.commit()
        self.settle()

    def close(self) -> None:
        self.tiers.close()
        self.snapshots.close()


@pytest.fixture
def publisher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Publisher:
    """A publisher with as many segments as tantivy merges at the next commit, whatever that contains."""
    monkeypatch.setattr(merge_handover, "LEAST_BYTES", 0)
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
    assert publisher.handover.is_due()
    last = publisher.publish()
    assert last.coming == []
    assert merged.id in ids(last.segments)
    assert not publisher.handover.is_due()
    publisher.close()


def test_a_small_merge_is_published_at_once(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge_handover, "LEAST_BYTES", 1 << 20)
    publisher.merge()
    assert ids(publisher.publish().segments) == ids(publisher.large())
    publisher.close()


def test_it_is_held_for_a_limited_time(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.merge()
    publisher.publish()
    assert not publisher.handover.is_due()
    monkeypatch.setattr(merge_handover, "MOST_SECONDS", -1e9)
    assert publisher.handover.is_due()
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
        monkeypatch.setattr(merge_handover, "MOST_DELETES", 0)
    else:
        monkeypatch.setattr(PublishedSegment, "delete", _lost)
    with caplog.at_level(logging.WARNING):
        manifest = publisher.commit()
    assert "without waiting for replicas" in caplog.text
    assert (ids(manifest.segments), manifest.coming) == (ids(publisher.large()), [])
    publisher.close()


def test_it_goes_on_with_as_many_deletes_as_are_borne(publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> None:
    publisher.merge()
    publisher.publish()
    monkeypatch.setattr(merge_handover, "MOST_DELETES", 2)
    publisher.delete(1)
    publisher.delete(2)
    assert publisher.commit().coming
    publisher.close()


def _lost(*_: object) -> None:
    raise OSError("the disk is gone")


def test_what_was_added_is_told_from_what_was_merged(publisher: Publisher) -> None:
    """A move and a merge between two checks of the index."""
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
    assert "can't be distinguished" in caplog.text
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
@pytest.mark.slow
@settings(max_examples=15, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(steps=steps, most=st.integers(0, 2))
def test_any_changes_while_merges_are_held(steps: list[tuple[str, int]], most: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge_handover, "LEAST_BYTES", 0)
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
    """A standby that takes over meanwhile resumes from the published segments, with this code's delete files."""
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
