"""Damage in an indexer's folder: it is not merged into segments, and is repaired from a replica or the log."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path

import pytest

from lightship.core.errors import DamagedError
from lightship.core.manifest import Manifest
from lightship.core.model import Change
from lightship.index.storage.index_meta import check_meta
from lightship.indexer.recovery.positions import Positions
from lightship.indexer.recovery.recovery import forget
from lightship.indexer.recovery.standby import read_manifest
from lightship.indexer.shard.shard import Shard
from made import page
from unit.indexer.lab import LAYOUT, Lab

STOPPED = threading.Event()


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    with path.open("r+b") as file:  # in place: hard links see it
        file.write(content)


def read_all(shard: Shard) -> None:
    while shard._read_round(STOPPED):
        pass


def read_again(shard: Shard) -> None:
    """Scrub the published files in the background until that finds damage, for up to 20 s."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        shard._scrubbed_at = 0.0
        shard._publish_snapshot()
        time.sleep(0.005)


@pytest.mark.parametrize("kind", ["store", "idx", "term", "pos", "fast", "fieldnorm"])
def test_what_a_damaged_segment_was_merged_into_is_not_published(lab: Lab, kind: str) -> None:
    folder = lab.folder / "first" / LAYOUT.name
    shard, published = lab.start()
    spoilt, ended = 0, False  # the number of manifests when it was damaged
    count = 0
    try:
        for number in range(30):  # segments of their own, until tantivy merges
            lab.put(*(page(count + i, f"page of round {number} " * 20) for i in range(20)))
            count += 20
            read_all(shard)
            shard._tiers.move()
            shard._commit()
            large = {path.stem for path in (folder / "index").glob("*.store")} & ids(published[-1])
            if not spoilt and len(large) >= 3:
                names = sorted(name for name in published[-1].files if name in {f"{each}.{kind}" for each in large})
                flip(folder / "published" / names[0])
                spoilt = len(published)
        read_again(shard)  # tantivy's merge may have panicked, and said so to nobody
    except DamagedError as error:
        assert "is damaged" in str(error)
        ended = True
    except BaseException as error:  # tantivy itself met it: that ends the indexer, and nothing is published either
        assert type(error).__name__ in ("PanicException", "ValueError", "UnavailableError")
        ended = True
    assert spoilt
    assert ended, "it was merged, or read again"
    damaged = names[0].partition(".")[0]
    assert all(any(s.id == damaged for s in manifest.segments) for manifest in published[spoilt:])
    shard.close()
    forget(str(folder))
    _, manifest = lab.index()
    assert manifest.documents == count


def test_what_a_damaged_segment_of_the_small_index_was_merged_into_is_not_published(lab: Lab) -> None:
    folder = lab.folder / "first" / LAYOUT.name
    shard, published = lab.start()
    shard._scrubbed_at, damaged = float("inf"), ""  # only the look before what was merged is published
    with pytest.raises(DamagedError, match="is damaged"):
        for number in range(100):  # segments of their own, until tantivy merges
            lab.put(page(number, f"page of round {number} " * 20))
            read_all(shard)
            shard._commit()
            if not damaged and number >= 3:
                damaged = min(
                    path.stem for path in (folder / "small").glob("*.store") if path.stem in ids(published[-1])
                )
                flip(folder / "published" / f"{damaged}.store")
    assert damaged
    assert all(damaged in ids(manifest) for manifest in published[5:])
    shard.close()
    forget(str(folder))
    _, manifest = lab.index()
    assert manifest.documents == number + 1


def ids(manifest: Manifest) -> set[str]:
    return {segment.id for segment in manifest.segments}


def test_a_damaged_file_is_found_by_reading_again(lab: Lab) -> None:
    lab.put(*map(page, range(50)))
    _, manifest = lab.index()
    lab.push(manifest)
    folder = lab.folder / "first" / LAYOUT.name
    shard, published = lab.start()
    read_all(shard)
    shard._publish_snapshot()
    flip(folder / "published" / next(name for name in manifest.files if name.endswith(".store")))
    with pytest.raises(DamagedError, match=r"\.store is damaged"):
        read_again(shard)
    assert published[-1].files == manifest.files
    shard.close()
    forget(str(folder))
    replayed, healed = lab.index()
    assert (replayed, healed.documents) == (0, 50), "from the replica"
    lab.push(healed)
    assert len(lab.replica.found("page")) == 10


def spoil(path: Path, old: str, new: str) -> None:
    """Replace `old` (a regular expression) by as many bytes in place, as bits that change do."""
    content, count = re.subn(old, new, path.read_text(), count=1)
    assert count, old
    assert len(content) == path.stat().st_size
    with path.open("r+") as file:
        file.write(content)


SPOILT = {
    "no JSON": (r"\{", "z"),
    "another stamp": (r'("opstamp": ?)\d(\d*\s*\})\s*$', r"\g<1>9\2\n"),
    "another number of documents": (r'("max_doc": ?)\d', r"\g<1>7"),
    "another segment": (r'("segment_id": ?")\w', r"\1x"),
    "no deletes": (r'"deletes"', '"deletfs"'),
    "another schema": (r'"recency"', '"recencx"'),
    "another key": (r'"segments"', '"segmentr"'),
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("source", ["searchengine", "published", "log"])
def test_a_damaged_meta_json_is_healed(
    lab: Lab, spoilt: tuple[str, str], source: str, caplog: pytest.LogCaptureFixture
) -> None:
    lab.put(*map(page, range(50)))
    _, manifest = lab.index()
    lab.log.put([Change.delete(page(number).url) for number in range(5)])
    _, manifest = lab.index()
    if source == "searchengine":
        lab.push(manifest)
    folder = lab.folder / "first" / LAYOUT.name
    spoil(folder / "index" / "meta.json", *spoilt)
    replayed, healed = lab.index(restore=source != "log")
    assert healed.documents == 45
    assert (replayed > 0) == (source == "log")
    assert "meta.json is damaged" in caplog.text
    caplog.clear()
    assert lab.index()[0] == 0
    assert "damaged" not in caplog.text


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_a_crash_does_not_hide_a_damaged_meta_json(lab: Lab, spoilt: tuple[str, str]) -> None:
    """tantivy may have written a newer one right before a crash, but not one that differs like this."""
    lab.put(*map(page, range(50)))
    lab.index()
    index = lab.folder / "first" / LAYOUT.name / "index"
    check_meta(str(index), crashed=True)
    spoil(index / "meta.json", *spoilt)
    with pytest.raises(DamagedError, match=r"meta\.json is damaged"):
        check_meta(str(index), crashed=True)


@pytest.mark.parametrize("tier", ["index", "small"])
@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_a_meta_json_that_changes_while_the_indexer_runs_is_not_published(
    lab: Lab, spoilt: tuple[str, str], tier: str
) -> None:
    lab.put(*map(page, range(50)))
    lab.index()
    shard, published = lab.start()
    lab.put(page(50))
    read_all(shard)
    shard._commit()
    spoil(lab.folder / "first" / LAYOUT.name / tier / "meta.json", *spoilt)
    good = published[-1].segments
    with pytest.raises(DamagedError, match=r"meta\.json is damaged"):
        shard._publish_snapshot()
    assert published[-1].segments == good
    shard.close()


def test_what_makes_tantivy_abort_is_found_by_the_third_start(lab: Lab) -> None:
    """A damaged dictionary may end the whole process at a delete, before the scrub gets there."""
    lab.put(*map(page, range(50)))
    _, manifest = lab.index()
    lab.push(manifest)
    folder = lab.folder / "first" / LAYOUT.name
    flip(folder / "published" / next(name for name in manifest.files if name.endswith(".term")))
    for _ in range(2):
        shard, _ = lab.start()
        shard._tiers.close()  # and the process ends
        shard._snapshots.close()
    with pytest.raises(DamagedError, match=r"\.term is damaged"):
        lab.start()
    forget(str(folder))
    assert lab.index()[0] == 0, "from the replica"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'["x.store"]', b"\xff"])
def test_a_damaged_list_of_managed_files_is_written_anew(lab: Lab, content: bytes) -> None:
    lab.put(*map(page, range(50)))
    _, before = lab.index()
    path = lab.folder / "first" / LAYOUT.name / "index" / ".managed.json"
    path.write_bytes(content)
    assert lab.index()[1].files == before.files
    assert set(json.loads(path.read_bytes())) >= {*before.files, "meta.json"}


@pytest.mark.parametrize("name", ["positions.json", "manifest.json"])
def test_no_flipped_bit_of_a_note_is_believed(lab: Lab, name: str) -> None:
    lab.put(*map(page, range(5)))
    lab.index()
    path = lab.folder / "first" / LAYOUT.name / name
    good = path.read_bytes()
    for place in range(len(good)):
        damaged = bytearray(good)
        damaged[place] ^= 1 << (place % 8)
        path.write_bytes(damaged)
        if name == "positions.json":
            found = Positions(str(path)).load(1 << 60)
            assert found is None, place
        else:
            assert read_manifest(str(path)) is None, place
    assert os.path.exists(path)
