"""Documents from .csv and .tsv files: the meaning of columns, and errors for malformed rows."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import zstandard

from lightship.core.errors import InvalidDocumentError, TooLargeError
from lightship.core.model import Document
from lightship.crawler.output.records import Record
from lightship.crawler.sources.files import table
from lightship.crawler.sources.files.table import read_table
from mockweb.feeding import Feed
from support import wait_until

HEAD = "url,title,text\n"


def write(folder: Path, text: str | bytes, name: str = "t.csv") -> str:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def documents(path: str) -> list[Document]:
    return [found.document for _, found in read_table(path) if isinstance(found, Record)]


def problems(path: str) -> list[str]:
    return [f"{place}: {found}" for place, found in read_table(path) if not isinstance(found, Record)]


def test_columns_become_keys_and_fields(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'URL, Title ,text,headings,modified,language,Price,"is, it",\n'
        'https://ex.org/a,"The ""A""","first line\n\nsecond, line","One\nTwo",2024-05-06,DE,9.50,yes,\n'
        "\n,,,,,,,,\nhttps://ex.org/b,,,,2024-05-06T07:08:09+02:00,,,,\n",
    )
    first, second = documents(path)
    assert first == Document(
        url="https://ex.org/a", title='The "A"', text="first line\n\nsecond, line", headings=["One", "Two"],
        modified=datetime(2024, 5, 6, tzinfo=UTC), language="de", fields={"Price": "9.50", "is, it": "yes"},
    )  # fmt: skip
    assert second == Document(url="https://ex.org/b", modified=datetime(2024, 5, 6, 5, 8, 9, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "url;title;text\nhttps://ex.org/a;T;a, b\n"),
        ("t.csv", "url\ttitle\ttext\r\nhttps://ex.org/a\tT\ta, b\r\n"),
        ("t.tsv", "title\turl\ttext\nT\thttps://ex.org/a\ta, b"),
        ("t.csv", '\ufeffurl,title,text\nhttps://ex.org/a,T,"a, b"\n'),
    ],
)
def test_other_delimiters(name: str, text: str, tmp_path: Path) -> None:
    (found,) = documents(write(tmp_path, text, name))
    assert (found.url, found.title, found.text) == ("https://ex.org/a", "T", "a, b")


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_tables(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    body = f"{HEAD}https://ex.org/a,T,搜索\n"
    for encoding in ("utf-8", "utf-16"):
        name = "t.csv.gz" if pack is gzip.compress else "t.csv.zst"
        assert documents(write(tmp_path, pack(body.encode(encoding)), name))[0].text == "搜索"


def test_a_broken_row_is_named_by_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f'{HEAD}https://ex.org/1,"two\nlines",x\nno url,T,x\nhttps://ex.org/2,T\nhttps://ex.org/3,T,x,y\n'.encode()
        + b"https://ex.org/4,\xff\xfe,x\nhttps://ex.org/5,T,x\n",
    )
    assert [document.url[-1] for document in documents(path)] == ["1", "5"]
    assert [problem.partition(":")[0] for problem in problems(path)] == ["line 4", "line 5", "line 6", "line 7"]
    for problem, why in zip(
        problems(path), ("not an absolute url", "2 cells, but", "4 cells", "not UTF-8"), strict=True
    ):
        assert why in problem
    assert "modified 'now' is not a time" in problems(write(tmp_path, "url,modified\nhttps://ex.org/1,now\n"))[0]


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "among them url; it has only "), ("a,b\n1,2\n", "among them url; it has only 'a', 'b'"), ("url,url\n", "two columns 'url'"),
     ("URL,url\n", "two columns"), ("https://ex.org/a,b\n", "first row must name the columns")],
)  # fmt: skip
def test_a_table_without_names_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidDocumentError, match=problem):
        list(read_table(write(tmp_path, text)))


def test_what_is_too_long_ends_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MAX_LINE", 100)
    with pytest.raises(TooLargeError, match="longer than 100"):
        list(read_table(write(tmp_path, f"{HEAD}https://ex.org/1,T,{'x' * 200}\n")))
    rows = read_table(write(tmp_path, f'{HEAD}https://ex.org/1,T,x\nhttps://ex.org/2,T,"never closed\n' + "y\n" * 100))
    assert next(rows)[0] == "line 2"
    with pytest.raises(InvalidDocumentError, match="field larger than field limit"):
        next(rows)


def test_a_table_is_watched(feed: Feed, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"{HEAD}https://ex.org/1,One,x\nhttps://ex.org/2,Two,x\n")
    with feed.running(path):
        before = feed.entries()
        path.write_text(f"{HEAD}https://ex.org/1,One,x\nhttps://ex.org/3,Three,x\n")
        wait_until(lambda: set(feed.documents()) == {"1", "3"}, 30, "the change is seen")
        assert feed.entries()["https://ex.org/1"] == before["https://ex.org/1"]
        path.write_text("no head\n")
        wait_until(lambda: "must name the columns, among them url" in caplog.text, 30, "it is told")
        path.write_text(HEAD)
        wait_until(lambda: "contains no documents any more" in caplog.text, 30, "it is told")
        assert set(feed.documents()) == {"1", "3"}
        path.write_text(f"{HEAD}https://ex.org/4,Four,x\n")
        wait_until(lambda: set(feed.documents()) == {"4"}, 30, "the change is seen")
