"""Documents from .jsonl files: valid lines, errors for malformed ones, and the effect of changes of the file."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from lightship.core.errors import InvalidDocumentError
from lightship.documents import jsonl
from lightship.documents.jsonl import parse_line
from mockweb.feeding import Feed
from support import wait_until

ENGLISH = (
    "The lighthouse stands at the end of the pier, and its lamp is lit every evening when the ships come home. " * 3
)


def line(name: str, **keys: object) -> str:
    return json.dumps({"url": f"https://ex.org/{name}", "text": f"text of {name}", **keys}) + "\n"


def test_all_keys_are_read() -> None:
    document = parse_line(
        line(
            "a", title="T", language="DE-at", modified="2024-05-01T10:00:00Z", description="D", headings=["H"],
            fields={"price": 2.5, "tags": ["x", "y"]}, id="extra:1", stars=4, empty=None,
        ).encode()
    )  # fmt: skip
    assert (document.title, document.description, document.headings) == ("T", "D", ["H"])
    assert document.language == "de"
    assert document.modified is not None
    assert document.fields == {"id": "extra:1", "stars": 4, "price": 2.5, "tags": ["x", "y"]}


@pytest.mark.parametrize(
    ("text", "language"), [(ENGLISH, "en"), ("搜索引擎是一种信息检索系统", "zh"), ("検索エンジンはとても便利です", "ja"), ("검색 엔진은 편리하다", "ko"), ("x = 1", None)]
)  # fmt: skip
def test_the_language_is_detected_when_that_is_sure(text: str, language: str | None) -> None:
    assert parse_line(line("a", text=text).encode()).language == language


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not JSON"), ("[1]", "not a JSON object"), ('{"title": "x"}', "missing required field `url`"),
        ('{"url": "no url"}', "not an absolute url"), ('{"url": "http://a/", "title": 5}', r"`\$.title`"),
        ('{"url": "http://a/", "other": {"deep": 1}}', r"fields"), ("[" * 100_000, "nested too deeply|not JSON"),
        ('{"url": "http://a/", "modified": "yesterday"}', r"`\$.modified`"), ('{"url": "http://a/\xff"}', "not JSON"),
    ],
)  # fmt: skip
def test_a_broken_line_is_explained(text: str, problem: str) -> None:
    with pytest.raises(InvalidDocumentError, match=problem):
        parse_line(text.encode("latin-1"))


def test_nul_and_lone_surrogates_are_cleaned_not_lost() -> None:
    document = parse_line(
        b'{"url": "http://a/", "title": "a\\ud800b", "text": "c\\u0000d", "fields": {"f": "\\udc00"}}'
    )
    assert (document.title, document.text, document.fields) == ("a\ufffdb", "c d", {"f": "\ufffd"})


def test_a_broken_line_is_named_and_the_others_are_kept(
    feed: Feed, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "docs.jsonl"
    lines = [line(str(number)) for number in range(1, 10)]
    lines[6] = '{"url": "https://ex.org/7", "text": \n'
    path.write_text("\ufeff" + "\n".join(lines))  # with blank lines between
    with feed.running(path):
        assert set(feed.documents()) == set("12345689")
    assert f"{path} line 13: not JSON" in caplog.text
    assert feed.progress == (9, 8, 1, 8, 0, True)


def test_documents_over_the_limit_are_refused_by_name(
    feed: Feed, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_text(line("1") + line("2", text="a" * (50 << 20)) + line("3", text="a" * (5 << 20)) + line("4"))
    with feed.running(path):
        assert set(feed.documents()) == {"1", "4"}
    assert f"{path} line 2: line is longer than {16 << 20} bytes" in caplog.text
    assert f"{path} line 3: document https://ex.org/3 has" in caplog.text


def test_a_long_line_is_never_held_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_LINE", 10)
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"0123456789\n" + b"a" * 100 + b"\nlast")
    with jsonl.open_lines(str(path)) as file:
        assert list(jsonl.read_lines(file)) == [(1, b"0123456789\n"), (2, None), (3, b"last")]


def test_lines_are_read_however_they_are_packed(tmp_path: Path) -> None:
    packed: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}
    for ending, pack in packed.items():
        path = tmp_path / f"x.jsonl{ending}"
        path.write_bytes(pack(b"1\n") + pack(b"2\n"))
        with jsonl.open_lines(str(path)) as file:
            assert list(jsonl.read_lines(file)) == [(1, b"1\n"), (2, b"2\n")]


def test_a_strict_reader_refuses_unknown_keys() -> None:
    with pytest.raises(InvalidDocumentError, match="unknown key 'colour'"):
        parse_line(line("a", colour="red", size=3).encode(), strict=True)
    assert parse_line(line("a", fields={"colour": "red"}, title=None).encode(), strict=True).fields == {"colour": "red"}


def test_changes_of_the_file_become_puts_and_deletes(feed: Feed, tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_text(line("1") + line("2") + line("3"))
    with feed.running(path):
        before = feed.entries()
        path.write_text(line("1") + line("2", text="new text") + line("4"))
        wait_until(lambda: set(feed.documents()) == set("124"), 30, "3 is deleted, 4 is there")
    after = feed.entries()
    assert after["https://ex.org/1"] == before["https://ex.org/1"]
    assert feed.documents()["2"].text == "new text"
    assert feed.progress == (3, 3, 0, 5, 1, True)


def test_a_restart_puts_only_what_changed_meanwhile(feed: Feed, tmp_path: Path) -> None:
    path = tmp_path / "docs.jsonl"
    path.write_text(line("1") + line("2"))
    with feed.running(path):
        before = feed.entries()
    with feed.running(path):
        assert feed.entries() == before
    path.write_text(line("2") + line("3"))
    with feed.running(path):
        assert set(feed.documents()) == set("23")
        assert feed.entries()["https://ex.org/2"] == before["https://ex.org/2"]
    path.unlink()
    with feed.running(path):
        assert set(feed.documents()) == set("23")


def test_compressed_files_are_read(feed: Feed, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "docs.jsonl.zst"
    pack = zstandard.ZstdCompressor().compress
    path.write_bytes(pack(line("1").encode()) + pack(line("2").encode()))
    with feed.running(path):
        assert set(feed.documents()) == set("12")
        path.write_bytes(pack(line("1").encode()) + b"no zstd")
        wait_until(lambda: "the documents read so far are kept" in caplog.text, 30, "the damage is told")
        assert set(feed.documents()) == set("12")


def test_a_compressed_file_that_is_cut_off_deletes_nothing(
    feed: Feed, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, made = tmp_path / "docs.jsonl.zst", [line(f"{number}").encode() for number in range(9)]
    whole = zstandard.compress(b"".join(made[:5])) + zstandard.compress(b"".join(made[5:]))
    path.write_bytes(whole)
    with feed.running(path):
        path.write_bytes(whole[:-10])
        wait_until(lambda: "zstd frame; the documents read so far are kept" in caplog.text, 30, "the cut is told")
        assert set(feed.documents()) == set("012345678")
