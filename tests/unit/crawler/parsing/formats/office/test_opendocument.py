"""Texts, presentations and spreadsheets of OpenDocument."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.media import ODP, ODS, ODT, kind_of
from lightship.crawler.parsing.read import read_page
from unit.crawler.parsing.formats.archives import archive

URL = "http://a.example/document"
URN = "urn:oasis:names:tc:opendocument:xmlns:"
NAMES = " ".join(f'xmlns:{name}="{URN}{name}:1.0"' for name in ("office", "text", "table", "meta", "presentation"))
SVG = f'xmlns:svg="{URN}svg-compatible:1.0"'
DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/"'
META = f"""<office:document-meta {NAMES} {DC}><office:meta><dc:title>Gezeiten</dc:title><dc:language>de-DE</dc:language>
<meta:initial-creator>A. Utor</meta:initial-creator><meta:creation-date>2024-01-02T03:04:05</meta:creation-date>
<dc:date>2024-02-03T04:05:06</dc:date></office:meta></office:document-meta>"""


def made(kind: str, content: str, **files: str) -> bytes:
    body = f"<office:document-content {NAMES} {SVG} {DC}><office:body>{content}</office:body></office:document-content>"
    return archive({"mimetype": kind, "content.xml": body, **{f"{name}.xml": text for name, text in files.items()}})


def test_a_text() -> None:
    content = """<office:text><text:sequence-decls><text:p>no</text:p></text:sequence-decls>
    <text:tracked-changes><text:p>deleted</text:p></text:tracked-changes>
    <text:table-of-content><text:p>Erstes Kapitel 1</text:p></text:table-of-content>
    <text:h text:outline-level="1">Erstes <text:span>Kapitel</text:span></text:h>
    <text:p>Ein<text:s/>Wort<text:tab/>und<office:annotation><text:p>remark</text:p></office:annotation> mehr<text:note>
      <text:note-citation>1</text:note-citation><text:note-body><text:p>Fußnote</text:p></text:note-body></text:note>.</text:p>
    <text:section><text:list><text:list-item><text:p>Punkt</text:p></text:list-item></text:list></text:section>
    <table:table><table:table-row><table:table-cell><text:p>A1</text:p></table:table-cell>
      <table:table-cell><text:p>B1</text:p></table:table-cell></table:table-row></table:table>
    <text:p><svg:desc>Bild der Flut</svg:desc></text:p><text:h text:outline-level="9">Tief</text:h></office:text>"""
    page = read_page(made(ODT, content, meta=META), ODT, URL)
    assert (page.title, page.author, page.language, page.type) == ("Gezeiten", "A. Utor", "de", "odt")
    assert (page.published, page.modified) == (
        datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC),
        datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC),
    )
    assert [(each.heading, each.level) for each in page.sections] == [("Erstes Kapitel", 1), ("Tief", 6)]
    assert page.text.split("\n\n") == [
        "Erstes Kapitel", "Ein Wort und mehr 1 Fußnote.", "Punkt", "A1 B1", "Bild der Flut", "Tief",
    ]  # fmt: skip


def test_a_text_without_a_title_is_called_by_its_first_line() -> None:
    page = read_page(
        made(ODT, "<office:text><text:p>First line</text:p><text:p>Second</text:p></office:text>"), ODT, URL
    )
    assert (page.title, page.text) == ("First line", "First line\n\nSecond")


def test_a_presentation_and_a_spreadsheet() -> None:
    slides = '<office:presentation><x presentation:class="title"><text:p>One</text:p></x><y><text:p>Said</text:p></y></office:presentation>'
    page = read_page(made(ODP, slides), "", URL)
    assert (page.title, page.text, page.type) == ("One", "One\n\nSaid", "presentation")
    sheet = """<office:spreadsheet><table:table table:name="Tides"><table:table-row><table:table-cell><text:p>A</text:p>
    </table:table-cell><table:table-cell/><table:table-cell><text:p>2</text:p></table:table-cell></table:table-row></table:table>
    </office:spreadsheet>"""
    page = read_page(made(ODS, sheet), ODS, URL)
    assert (page.text, page.type) == ("A 2", "spreadsheet")


@pytest.mark.parametrize("kind", [ODT, ODP, ODS])
def test_kinds_are_told_by_their_first_bytes(kind: str) -> None:
    assert kind_of("application/octet-stream", made(kind, "")) == kind


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (archive({"mimetype": ODT}), "no content.xml"), (archive({"content.xml": "<!DOCTYPE x><x/>"}), "document type"),
        (made(ODT, "<x>" * 2000 + "</x>" * 2000), "nested"), (made(ODT, "", meta="<x>"), "not valid XML"),
    ],
)  # fmt: skip
def test_broken_and_hostile_ones_are_refused(body: bytes, problem: str) -> None:
    with pytest.raises(InvalidDocumentError, match=problem):
        read_page(body, ODT, URL)
