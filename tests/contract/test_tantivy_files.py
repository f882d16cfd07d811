"""What `index/storage/segments.py` and `indexer/recovery/positions.py` believe of tantivy. A new tantivy that differs fails here, loudly."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tantivy

from lightship.core.manifest import Manifest
from lightship.index.fields.schema import SCHEMA_VERSION, schema
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.reader import IndexReader, View, find
from lightship.index.storage.index_meta import COMPONENTS, META, opstamp
from lightship.index.storage.segments import (
    RESTORED_STAMP,
    Snapshots,
    compose,
    composed,
    restore,
)
from lightship.index.writer import IndexWriter
from made import MadeShard, made_documents, page, shards_of, sources, words
from support import wait_until

DOCUMENTS = made_documents(400)


def meta_of(folder: Path) -> dict[str, Any]:
    meta: dict[str, Any] = json.loads((folder / META).read_text())
    return meta


def writer_of(folder: Path) -> IndexWriter:
    return IndexWriter(str(folder), heap_bytes=16 << 20, threads=1)


def union(folder: Path, *made: MadeShard) -> View:
    """Return a view of the union of shards, composed in `folder`."""
    folder.mkdir()
    manifests = [shard.manifest() for shard in made]
    for shard in made:
        for file in shard.published.iterdir():
            os.link(file, folder / file.name)
    compose(str(folder), manifests)
    return IndexReader(str(folder)).view


def results(view: View, text: str) -> list[tuple[str, float | None]]:
    found = find(view, compile_query(parse_query(text), view.version, view.languages), 0, 100, by_date=False)
    return [(source.url, score) for source, score in zip(sources(found), found.scores, strict=True)]


def test_a_segment_is_six_files_named_by_its_id(tmp_path: Path) -> None:
    writer = writer_of(tmp_path)
    writer.put(page(1))
    writer.commit()
    (segment,) = meta_of(tmp_path)["segments"]
    identity = segment["segment_id"].replace("-", "")
    found = {path.name for path in tmp_path.iterdir() if path.name.startswith(identity)}
    assert found == {f"{identity}.{component}" for component in COMPONENTS}
    assert segment["max_doc"] == 1
    assert segment["deletes"] is None


def test_deletes_are_a_file_named_by_its_opstamp(tmp_path: Path) -> None:
    writer = writer_of(tmp_path)
    for number in range(3):
        writer.put(page(number))
    writer.commit()
    writer.delete(page(1).url)
    writer.commit()
    (segment,) = meta_of(tmp_path)["segments"]
    assert (segment["max_doc"], segment["deletes"]["num_deleted_docs"]) == (3, 1)
    assert (tmp_path / f"{segment['segment_id'].replace('-', '')}.{segment['deletes']['opstamp']}.del").is_file()


def test_the_meta_has_what_compose_fills_in(tmp_path: Path) -> None:
    writer_of(tmp_path)
    assert {"index_settings", "segments", "schema", "opstamp"} <= meta_of(tmp_path).keys()


def test_the_payload_is_kept_and_does_not_disturb(tmp_path: Path) -> None:
    view = union(tmp_path / "union", made := MadeShard(tmp_path / "0").put(page(1)))
    assert meta_of(tmp_path / "union")["payload"]
    reader = IndexReader(str(tmp_path / "union"))
    assert not reader.reload()
    assert [manifest.files for manifest in composed(str(tmp_path / "union"))] == [made.manifest().files]
    assert view.documents == 1


def test_nothing_but_the_composed_files_is_needed_or_removed_by_a_reader(tmp_path: Path) -> None:
    union(tmp_path / "union", MadeShard(tmp_path / "0").put(page(1)))
    (tmp_path / "union" / f"{'0' * 32}.store").write_bytes(b"another shard's, not composed yet")
    reader = IndexReader(str(tmp_path / "union"))
    reader.reload()
    assert (tmp_path / "union" / f"{'0' * 32}.store").exists()


@pytest.mark.parametrize("deletes", [False, True])
def test_a_union_finds_and_scores_as_one_index(tmp_path: Path, deletes: bool) -> None:
    """The same segments, so that deleted documents count in the statistics of both."""
    parts = shards_of(DOCUMENTS, 2)
    shards = [MadeShard(tmp_path / str(number), number, 2).put(*part) for number, part in enumerate(parts)]
    alone = MadeShard(tmp_path / "alone").put(*parts[0]).put(*parts[1])
    if deletes:
        gone = [[document.url for document in part[::5]] for part in parts]
        for shard, urls in zip(shards, gone, strict=True):
            shard.delete(*urls)
        alone.delete(*gone[0], *gone[1])
    joined, single = union(tmp_path / "union", *shards), union(tmp_path / "single", alone)
    assert joined.documents == single.documents == (len(DOCUMENTS) if not deletes else joined.documents)
    for text in [*words(40, 1), " ".join(words(6, 1)), "搜索引擎"]:
        assert results(joined, text) == results(single, text)
    assert results(joined, " ".join(words(6, 1)))


def test_a_delete_file_is_read_under_a_name_made_of_its_content(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0").put(page(1), page(2), page(3)).delete(page(2).url)
    view = union(tmp_path / "union", made)
    (name,) = [name for name in made.manifest().files if name.endswith(".del")]
    assert int(name.split(".")[1]) > opstamp(str(tmp_path / "0" / "index")) * 1000
    assert {url for url, _ in results(view, "page")} == {page(1).url, page(3).url}


def late(work: Callable[[], object]) -> float:
    """Return by how much, at worst, a thread that wants to run each millisecond was late during `work`, in seconds."""
    worst, done = 0.0, threading.Event()

    def beat() -> None:
        nonlocal worst
        while not done.is_set():
            started = time.perf_counter()
            time.sleep(0.001)
            worst = max(worst, time.perf_counter() - started - 0.001)

    thread = threading.Thread(target=beat)
    thread.start()
    started = time.perf_counter()
    work()
    took = time.perf_counter() - started
    done.set()
    thread.join()
    return worst / took


@pytest.mark.quiet
def test_adding_and_committing_let_other_threads_run(tmp_path: Path) -> None:
    """Measured against how long the work took: it would be all of it, if the lock were held."""
    writer = writer_of(tmp_path)
    big = [page(number, " ".join(words(3000, number))) for number in range(60)]
    adding, committing = [], []

    def add() -> None:
        for document in big:
            writer.put(document)

    for _ in range(3):  # the best of some: the machine may be busy with something else
        adding.append(late(add))
        committing.append(late(writer.commit))
    assert min(adding) < 0.5
    assert min(committing) < 0.5


def test_a_commits_opstamp_is_above_its_operations_and_below_the_next(tmp_path: Path) -> None:
    writer = writer_of(tmp_path)
    last = 0
    for number in range(40):  # enough for merges in the background
        first = writer.delete("https://example.org/none")
        stamp = writer.put(page(number))
        assert last <= first < stamp  # the very first stamp is 0, and after reopening they go on at the commit's
        writer.commit()
        last = opstamp(str(tmp_path))
        assert last > stamp


def test_after_reopening_stamps_go_on(tmp_path: Path) -> None:
    """A record that was written ahead of a commit that never was must not look like an older commit's."""
    writer = writer_of(tmp_path)
    writer.put(page(1))
    writer.commit()
    committed = opstamp(str(tmp_path))
    writer.close()
    again = writer_of(tmp_path)
    assert again.delete("https://example.org/none") >= committed
    again.put(page(2))
    again.commit()
    assert opstamp(str(tmp_path)) > committed


def test_a_merge_keeps_the_commits_opstamp(tmp_path: Path) -> None:
    writer = writer_of(tmp_path)
    for number in range(7):
        writer.put(page(number))
        writer.commit()
    assert len(meta_of(tmp_path)["segments"]) == 7
    writer.put(page(7))
    writer.commit()
    committed = opstamp(str(tmp_path))
    writer.close()  # waits for the merge
    assert len(meta_of(tmp_path)["segments"]) == 1
    assert opstamp(str(tmp_path)) == committed


def test_a_snapshot_outlives_merges_and_garbage_collection(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0")
    for number in range(7):
        made.put(page(number))
    before = made.manifest()
    made.put(page(7))
    wait_until(lambda: len(meta_of(tmp_path / "0" / "index")["segments"]) == 1, 30, "the merge")
    assert {path.name for path in made.published.iterdir()} >= before.files.keys()
    joined = tmp_path / "joined"
    joined.mkdir()
    for name in before.files:
        os.link(made.published / name, joined / name)
    compose(str(joined), [before])
    assert IndexReader(str(joined)).view.documents == 7


def test_an_index_that_was_never_committed_has_opstamp_0(tmp_path: Path) -> None:
    assert opstamp(str(tmp_path)) == 0
    writer_of(tmp_path)
    assert opstamp(str(tmp_path)) == 0
    assert (tmp_path / META).exists()


def test_reloading_takes_up_the_new_meta_and_old_searchers_go_on(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0").put(page(1))
    folder = tmp_path / "union"
    old = union(folder, made)
    reader = IndexReader(str(folder))
    manifest: Manifest = made.put(page(2)).manifest()
    for name in manifest.files.keys() - {path.name for path in folder.iterdir()}:
        os.link(made.published / name, folder / name)
    compose(str(folder), [manifest])
    assert reader.reload()
    assert reader.view.documents == 2
    for name in old.manifests[0].files:
        os.unlink(folder / name)
    assert [url for url, _ in results(old, "page")] == [page(1).url]


def test_the_schema_is_the_same_each_time() -> None:
    assert tantivy.Index(schema(SCHEMA_VERSION)).schema == schema(SCHEMA_VERSION)


def restored(folder: Path, made: MadeShard) -> IndexWriter:
    """Return a writer on an index that is made of what `made` published, as an indexer does whose disk is gone."""
    restore(str(folder), made.manifest(), str(made.published))
    return writer_of(folder)


def published_urls(folder: Path, into: Path) -> set[str]:
    """Return the urls that a replica finds of what the index in `folder` has committed."""
    taken = Snapshots([str(folder)], str(into)).take()
    manifest = MadeShard(into.parent / f"{into.name}-none").manifest(segments=taken)
    compose(str(into), [manifest])
    return {url for url, _ in results(IndexReader(str(into)).view, "page")}


def test_a_writer_deletes_from_restored_segments(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0").put(*map(page, range(4))).delete(page(0).url).put(*map(page, range(4, 8)))
    writer = restored(tmp_path / "again", made)
    assert opstamp(str(tmp_path / "again")) == RESTORED_STAMP
    assert all(writer.has(page(number).url) for number in range(8))
    assert writer.delete(page(1).url) >= RESTORED_STAMP
    writer.delete(page(5).url)
    writer.put(page(2, "page two, newer"))
    writer.commit()
    assert opstamp(str(tmp_path / "again")) > RESTORED_STAMP
    assert published_urls(tmp_path / "again", tmp_path / "1") == {page(number).url for number in (2, 3, 4, 6, 7)}
    writer.close()
    del writer
    again = writer_of(tmp_path / "again")
    again.delete(page(3).url)
    again.commit()
    assert published_urls(tmp_path / "again", tmp_path / "2") == {page(number).url for number in (2, 4, 6, 7)}


def test_restored_segments_are_published_under_the_names_that_replicas_have(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0").put(*map(page, range(4))).delete(page(0).url).put(*map(page, range(4, 8)))
    before = made.manifest()
    writer = restored(tmp_path / "again", made)
    snapshots = Snapshots([str(tmp_path / "again")], str(tmp_path / "published"))
    assert snapshots.take() == before.segments
    writer.delete(page(4).url)
    writer.commit()
    new = {file for segment in snapshots.take() for file in segment.files} - set(before.files.values())
    assert [file.name.rpartition(".")[2] for file in new] == ["del"]


def test_restored_segments_are_merged_and_their_files_removed(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0")
    for number in range(7):
        made.put(page(number))
    made.delete(page(3).url)
    folder = tmp_path / "again"
    writer = restored(folder, made)
    old = set(made.manifest().files)
    writer.delete(page(5).url)
    for number in range(10, 19):  # enough for merges
        writer.put(page(number))
        writer.commit()
    writer.close()
    del writer
    again = writer_of(folder)
    again.put(page(20))
    again.commit()  # collects what the merges left
    again.close()
    segments = meta_of(folder)["segments"]
    assert len(segments) < 7
    named = {segment["segment_id"].replace("-", "") for segment in segments}
    found = {path.name.partition(".")[0] for path in folder.iterdir() if len(path.name.partition(".")[0]) == 32}
    assert found == named
    assert not {path.name for path in folder.iterdir()} & old
    expected = {page(number).url for number in (0, 1, 2, 4, 6, *range(10, 19), 20)}
    assert published_urls(folder, tmp_path / "1") == expected
    assert all((made.published / name).exists() for name in old)  # links: what others hold is left alone
