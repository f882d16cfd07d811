"""Our delete files are tantivy's, byte by byte. A new tantivy that writes them differently fails here, loudly."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.core.errors import IncompatibleIndexError
from lightship.core.manifest import File, Segment
from lightship.index.storage.alive_bitset import PublishedSegment
from made import MadeShard, page


def one_segment(made: MadeShard) -> Segment:
    (segment,) = made.manifest().segments
    return segment


@pytest.mark.parametrize("count", [4, 63, 64, 65, 200])
@pytest.mark.parametrize("earlier", [(), (0, 2)])
def test_the_same_deletes_give_the_same_file(tmp_path: Path, count: int, earlier: tuple[int, ...]) -> None:
    made = MadeShard(tmp_path).put(*map(page, range(count)))
    if earlier:
        made.delete(*(page(number).url for number in earlier))
    ours = PublishedSegment(str(made.published), one_segment(made))
    urls = [page(number).url for number in {1, 2, count // 2}]
    ours.delete([*urls, page(count + 1).url])
    made.delete(*urls)
    theirs = one_segment(made)
    assert ours.living == theirs.documents - theirs.deleted
    assert ours.segment() == theirs


def test_nothing_deleted_needs_no_file(tmp_path: Path) -> None:
    made = MadeShard(tmp_path).put(page(1), page(2))
    segment = one_segment(made)
    ours = PublishedSegment(str(made.published), segment)
    ours.delete(["https://example.org/other"])
    assert ours.segment() == segment


def test_all_versions_of_a_document_are_deleted(tmp_path: Path) -> None:
    made = MadeShard(tmp_path)
    for number in range(5):
        made.writer.put(page(1, f"version {number}"))
    made.put(page(2))
    segment = one_segment(made)
    ours = PublishedSegment(str(made.published), segment)
    ours.delete([page(1).url])
    assert (segment.documents, ours.living) == (6, 1)


@settings(max_examples=10)
@given(rounds=st.lists(st.sets(st.integers(0, 70)), max_size=4))
def test_deletes_in_any_rounds(tmp_path_factory: pytest.TempPathFactory, rounds: list[set[int]]) -> None:
    made = MadeShard(tmp_path_factory.mktemp("made")).put(*map(page, range(72)))
    ours = PublishedSegment(str(made.published), one_segment(made))
    for numbers in rounds:
        urls = [page(number).url for number in numbers]
        ours.delete(urls)
        made.delete(*urls)
        assert ours.segment() == one_segment(made)


@pytest.mark.parametrize("broken", [b"", b"x" * 100])
def test_another_layout_is_refused(tmp_path: Path, broken: bytes) -> None:
    made = MadeShard(tmp_path).put(page(1), page(2)).delete(page(1).url)
    segment = one_segment(made)
    (name,) = (file.name for file in segment.files if file.name.endswith(".del"))
    (made.published / name).unlink()
    (made.published / name).write_bytes(broken)
    with pytest.raises(IncompatibleIndexError, match="unknown format"):
        PublishedSegment(str(made.published), segment)


def test_the_first_file_must_have_a_footer_too(tmp_path: Path) -> None:
    made = MadeShard(tmp_path).put(page(1))
    segment = one_segment(made)
    other = File(f"{segment.id}.other", 4, "")
    (made.published / other.name).write_bytes(b"none")
    with pytest.raises(IncompatibleIndexError, match="unknown format"):
        PublishedSegment(str(made.published), Segment(segment.id, 1, 0, [other, *segment.files]))
