"""Two tiers, published as one: whatever happens, each document exists exactly once, in its newest version."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.core.errors import OutOfSpaceError
from lightship.core.manifest import Layout, Manifest
from lightship.core.model import Document
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import IndexReader, find
from lightship.index.storage.index_meta import opstamp
from lightship.index.storage.segments import Snapshots, compose
from lightship.index.writer import IndexWriter
from lightship.indexer.shard import tiers
from lightship.indexer.shard.tiers import Tiers
from lightship.searchengine.search.api import MAX_SIZE
from made import sources


def document(number: int, version: int) -> Document:
    return Document(url=f"https://example.org/{number}", text=f"page version{version}", language="en")


def found(tier: Tiers, folder: Path) -> dict[str, str]:
    """Return the texts that a replica would find, by URL."""
    published = folder / "published"
    segments = Snapshots(tier.folders, str(published)).take()
    manifest = Manifest(
        layout=Layout(1, SCHEMA_VERSION), order=1, shard=0, epoch=1, generation=1, segments=segments, log_id="log", positions={},
        made=0, fresh_as_of=0,
    )  # fmt: skip
    compose(str(published), [manifest])
    view = IndexReader(str(published)).view
    page = find(view, compile_query(parse_query("page"), view.version, view.languages), 0, MAX_SIZE, by_date=False)
    texts = {source.url: source.text.decode() for source in sources(page)}
    assert len(texts) == len(page.scores) == page.total == view.documents
    return texts


def opened(folder: Path) -> Tiers:
    return Tiers(str(folder), heap_bytes=16 << 20, threads=1)


changes = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 8)),
        st.tuples(st.just("delete"), st.integers(0, 8)),
        st.tuples(st.just("commit"), st.just(0)),
        st.tuples(st.just("move"), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=50)
@given(steps=changes, most=st.integers(0, 4))
def test_any_changes(steps: list[tuple[str, int]], most: int) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiers, "SMALL_MOST", most)
        folder, expected = Path(name), dict[str, str]()
        tier = opened(folder)
        for version, (kind, number) in enumerate(steps):
            made = document(number, version)
            if kind == "put":
                tier.put(made)
                expected[made.url] = made.text
            elif kind == "delete":
                tier.delete(made.url)
                expected.pop(made.url, None)
            elif kind == "move":
                tier.move()
            else:
                tier.commit()
                assert found(tier, folder) == expected
        tier.commit()
        assert found(tier, folder) == expected
        tier.close()


def test_few_changes_leave_the_large_index_alone(tmp_path: Path) -> None:
    tier = opened(tmp_path)
    large = tier.folders[0]
    before = opstamp(large)
    tier.put(document(1, 1))
    assert tier.stamp_of_all() is None  # so that no place in the log is written that the large index does not hold
    tier.commit()
    assert opstamp(large) == before
    assert len(found(tier, tmp_path)) == 1


def test_a_move_makes_one_segment_that_holds_all(tmp_path: Path) -> None:
    tier = opened(tmp_path)
    for number in range(20):
        tier.put(document(number, 1))
        tier.commit()
    tier.move()
    stamp = tier.stamp_of_all()
    tier.commit()
    assert stamp is not None
    assert stamp < opstamp(tier.folders[0])
    assert len(Snapshots(tier.folders[:1], str(tmp_path / "large")).take()) == 1
    assert Snapshots(tier.folders[1:], str(tmp_path / "small")).take() == []
    assert len(found(tier, tmp_path)) == 20


def test_many_at_once_go_to_the_large_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "SMALL_MOST", 5)
    tier = opened(tmp_path)
    for number in range(20):
        tier.put(document(number, 1))
    tier.commit()
    tier.put(document(20, 1))  # more is expected
    assert tier.stamp_of_all() is not None
    tier.commit()
    tier.put(document(21, 1))  # it was the last
    assert tier.stamp_of_all() is None


def test_the_small_index_begins_empty(tmp_path: Path) -> None:
    tier = opened(tmp_path)
    tier.put(document(1, 1))
    tier.commit()
    tier.close()
    del tier
    assert found(opened(tmp_path), tmp_path) == {}


def test_what_comes_again_while_many_come_is_there_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiers, "SMALL_MOST", 5)
    tier = opened(tmp_path)
    for version in (1, 2, 3, 4):  # twice in each of two commits
        for number in range(20):
            tier.put(document(number, version))
        if version % 2 == 0:
            tier.commit()
    assert found(tier, tmp_path) == {made.url: made.text for made in (document(number, 4) for number in range(20))}


def test_what_could_not_be_opened_is_not_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a full disk, the same process opens both indexes again."""
    real, kept = IndexWriter.commit, list[BaseException]()

    def full(writer: IndexWriter) -> None:
        raise OutOfSpaceError("no room for a small index")

    monkeypatch.setattr(IndexWriter, "commit", full)
    with pytest.raises(OutOfSpaceError) as caught:
        opened(tmp_path)
    kept.append(caught.value)  # whoever holds the error holds what was opened, too
    monkeypatch.setattr(IndexWriter, "commit", real)
    tier = opened(tmp_path)
    tier.put(document(1, 1))
    tier.commit()
    assert len(found(tier, tmp_path)) == 1
    tier.close()


def test_both_indexes_are_closed_though_one_can_not_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, closed = IndexWriter.close, list[str]()

    def close(writer: IndexWriter) -> None:
        real(writer)
        closed.append(writer._folder)
        raise OutOfSpaceError("a merge had no room")

    monkeypatch.setattr(IndexWriter, "close", close)
    tier = opened(tmp_path)
    with pytest.raises(OutOfSpaceError):
        tier.close()
    assert sorted(closed) == sorted(tier.folders)
