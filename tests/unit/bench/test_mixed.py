"""English queries are asked with and without other languages, whose texts are compiled message catalogs."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from bench import indexes, mixed
from bench.mixed import messages, minorities, run
from bench.settings import BenchSettings

from made import words


def catalog(order: str, *pairs: tuple[bytes, bytes]) -> bytes:
    """Return a compiled catalog of (message, translation)."""
    head = 28 + 16 * len(pairs)
    content, tables = b"", [b"", b""]
    for pair in pairs:
        for number, text in enumerate(pair):
            tables[number] += struct.pack(f"{order}2I", len(text), head + len(content))
            content += text + b"\0"
    return (
        struct.pack(f"{order}7I", 0x950412DE, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, 0) + b"".join(tables) + content
    )


@pytest.mark.parametrize("order", ["<", ">"])
def test_translated_messages_are_read(tmp_path: Path, order: str) -> None:
    path = tmp_path / "program.mo"
    path.write_bytes(
        catalog(
            order, (b"", b"Language: de\n"), (b"file\0files", "Datei „x“\nda\0Dateien".encode()), (b"open", b"\xc3\xb6ffnen")
        )
    )  # fmt: skip
    assert list(messages(path)) == ["Datei „x“ da", "öffnen"]


def test_results_in_other_languages_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The German text has all words of each query but `nowhere`, so it is not a true hit."""
    monkeypatch.setattr(indexes, "FOLDER", tmp_path / "indexes")
    monkeypatch.setattr(mixed, "LOCALES", tmp_path / "locale")
    vocabulary = words(20, 3)
    pages = [
        {
            "url": f"https://example.org/{number}",
            "title": "",
            "text": f"{word} and {vocabulary[0]} are here on page {number}.",
        }
        for number, word in enumerate(vocabulary * 10)
    ]
    documents, queries = tmp_path / "pages.jsonl", tmp_path / "queries.tsv"
    documents.write_text("".join(f"{json.dumps(page)}\n" for page in pages))
    queries.write_text(
        "".join(f"{number}\t{word} {vocabulary[0]} zeppelin nowhere\n" for number, word in enumerate(vocabulary))
    )
    folder = tmp_path / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    text = " ".join(word for word in [*vocabulary, "zeppelin"] for _ in range(20)).encode()
    (folder / "program.mo").write_bytes(catalog("<", (b"text", text)))
    (found,) = minorities(tmp_path, 5)
    assert found["url"] == "https://de.example/0"
    report = run(BenchSettings(documents=str(documents), queries=str(queries), collections=str(tmp_path)))
    assert report
    values = {figure.name: figure.value for figure in report.figures}
    assert values["results in other languages among the ten"] == 1
    assert values["queries with results in other languages, but for true hits"] == 100
    assert values["overlap of the first ten"] == pytest.approx(90, abs=1)


def test_it_needs_documents(tmp_path: Path) -> None:
    assert run(BenchSettings(documents=str(tmp_path / "nothing"))) is None
