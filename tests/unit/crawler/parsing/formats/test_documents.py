"""PDF, Word documents and EPUB books are read within limits; damaged and hostile ones are refused."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.core.sections import Section
from lightship.crawler.parsing.encodings.media import DOCX, EPUB, PDF, kind_of
from lightship.crawler.parsing.formats import pdf
from lightship.crawler.parsing.read import document_of, read_page
from mockweb.crawling import Crawl
from mockweb.site import MockSite
from unit.crawler.parsing.formats.archives import archive

URL = "http://a.example/document"
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
BODY = """<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr><w:r><w:t>Erstes </w:t></w:r><w:r><w:t>Kapitel</w:t></w:r></w:p>
<w:p><w:r><w:t xml:space="preserve">Text &amp; &lt;mehr&gt;</w:t><w:tab/><w:t>davon</w:t></w:r><w:del><w:r><w:delText>weg</w:delText></w:r></w:del></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>A1</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>B1</w:t></w:r></w:p></w:tc></w:tr></w:tbl>
<w:sdt><w:sdtContent><w:p><w:r><w:t>搜索引擎</w:t></w:r></w:p></w:sdtContent></w:sdt>"""
DOCX_FILES = {
    "[Content_Types].xml": "<Types/>",
    "word/document.xml": f"<w:document {WORD}><w:body>{BODY}</w:body></w:document>",
    "word/styles.xml": f'<w:styles {WORD}><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style></w:styles>',
    "docProps/core.xml": """<p:coreProperties xmlns:p="x" xmlns:dc="http://purl.org/dc/elements/1.1/"
        xmlns:dcterms="http://purl.org/dc/terms/"><dc:title>Der "Titel"</dc:title><dc:creator>A. Utor</dc:creator>
        <dc:language>de-DE</dc:language><dcterms:created>2024-01-02T03:04:05Z</dcterms:created>
        <dcterms:modified>2024-02-03T04:05:06Z</dcterms:modified></p:coreProperties>""",
}
EPUB_FILES = {
    "mimetype": "application/epub+zip",
    "META-INF/container.xml": """<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
        <rootfile full-path="OEBPS/book.opf"/></rootfiles></container>""",
    "OEBPS/book.opf": """<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
        <dc:title>本</dc:title><dc:creator>著者</dc:creator><dc:language>ja</dc:language><dc:date>2020-02-03</dc:date></metadata>
        <manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
        <item id="two" href="text/2%20b.xhtml" media-type="application/xhtml+xml"/>
        <item id="one" href="text/1.xhtml" media-type="application/xhtml+xml"/>
        <item id="lost" href="text/lost.xhtml" media-type="application/xhtml+xml"/></manifest>
        <spine><itemref idref="n"/><itemref idref="one"/><itemref idref="lost"/><itemref idref="two"/><itemref/></spine></package>""",
    "OEBPS/nav.xhtml": "<html><body><nav><a href='text/1.xhtml'>Contents of it</a></nav></body></html>",
    "OEBPS/text/1.xhtml": "<html><body><h1 id='c1'>第一章</h1><p>検索エンジンについて。</p></body></html>",
    "OEBPS/text/2 b.xhtml": "<html><body><h1>第二章</h1><p>終わり。</p></body></html>",
}  # fmt: skip


def made_pdf(text: str, info: str = "", notes: str = "") -> bytes:
    """Return a PDF of one page, with an outline of one heading; `notes` are its annotations."""
    stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET".encode("latin-1")
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/Outlines 6 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>/Annots[%s]>>"
        % notes.encode("latin-1"),
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>",
        b"<</Title(The heading)/Parent 6 0 R/Dest[3 0 R/Fit]>>", f"<<{info}>>".encode("latin-1"),
    ]  # fmt: skip
    body, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj%s endobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 9\n0000000000 65535 f \n%strailer<</Size 9/Root 1 0 R/Info 8 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        table,
        len(body),
    )
    return body + end


def test_a_word_document() -> None:
    page = read_page(archive(DOCX_FILES), DOCX, URL)
    assert (page.title, page.author, page.language) == ('Der "Titel"', "A. Utor", "de")
    assert ([each.heading for each in page.sections], page.modified) == (
        ["Erstes Kapitel"],
        datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC),
    )
    assert page.text.split("\n\n") == ["Erstes Kapitel", "Text & <mehr> davon", "A1 B1", "搜索引擎"]


def test_a_word_document_without_styles_and_with_a_picture() -> None:
    drawing = "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"
    body = f"""<w:p><w:pPr><w:pStyle w:val="Heading2"/></w:pPr><w:r><w:t>Chapter</w:t></w:r></w:p>
    <w:p><w:r><w:t>See</w:t><w:drawing><d:docPr xmlns:d="{drawing}" descr="a chart"/></w:drawing></w:r></w:p>"""
    files = {"word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>"}
    page = read_page(archive(files), DOCX, URL)
    assert (page.title, page.text) == ("Chapter", "Chapter\n\nSee a chart")
    assert [(each.heading, each.level) for each in page.sections] == [("Chapter", 2)]


HEADING_1 = '<w:style w:styleId="ID"><w:name w:val="heading 1"/></w:style>'
TEXT = '<w:pPr><w:outlineLvl w:val="9"/></w:pPr>'


def style(identity: str, base: str, more: str = "") -> str:
    return f'<w:style w:styleId="{identity}"><w:basedOn w:val="{base}"/>{more}</w:style>'


@pytest.mark.parametrize(
    ("styles", "properties", "level"),
    [
        ("", '<w:pStyle w:val="Title"/>', 1), ("", '<w:pStyle w:val="Heading3"/>', 3), ("", '<w:outlineLvl w:val="1"/>', 2),
        ("", '<w:pStyle w:val="Heading3"/><w:outlineLvl w:val="9"/>', 0), ("", "", 0), ("", '<w:outlineLvl w:val="8"/>', 6),
        ('<w:style w:styleId="h"><w:name w:val="Heading 2"/></w:style>', '<w:pStyle w:val="h"/>', 2),
        ('<w:style w:styleId="h"><w:pPr><w:outlineLvl w:val="0"/></w:pPr></w:style>', '<w:pStyle w:val="h"/>', 1),
        (f'{style("h", "b")}{style("b", "c")}{HEADING_1.replace("ID", "c")}', '<w:pStyle w:val="h"/>', 1),
        (f'{style("toc", "b", TEXT)}{HEADING_1.replace("ID", "b")}', '<w:pStyle w:val="toc"/>', 0),
        (f'{style("a", "b")}{style("b", "a")}', '<w:pStyle w:val="a"/>', 0),
    ],
)  # fmt: skip
def test_headings_of_word_documents(styles: str, properties: str, level: int) -> None:
    body = f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>Chapter</w:t></w:r></w:p><w:p><w:r><w:t>Text</w:t></w:r></w:p>"
    files = {"word/document.xml": f"<w:document {WORD}><w:body>{body}</w:body></w:document>"}
    if styles:
        files["word/styles.xml"] = f"<w:styles {WORD}>{styles}</w:styles>"
    page = read_page(archive(files), DOCX, URL)
    assert (page.title, [each.level for each in page.sections]) == ("Chapter", [level] if level else [])


def test_a_book() -> None:
    page = read_page(archive(EPUB_FILES), EPUB, URL)
    assert (page.title, page.author, page.language) == ("本", "著者", "ja")
    assert [(each.heading, each.anchor) for each in page.sections] == [("第一章", "c1"), ("第二章", "")]
    assert page.published == datetime(2020, 2, 3, tzinfo=UTC)
    assert page.text.split() == ["第一章", "検索エンジンについて。", "第二章", "終わり。"]


def test_a_pdf() -> None:
    body = made_pdf("Some text of it", "/Title(A title)/Author(W. Riter)/CreationDate(D:20240102030405+01'00')")
    page = read_page(body, "application/pdf", URL, robots=["noindex"])
    assert (page.title, page.author, page.text) == ("A title", "W. Riter", "Some text of it")
    assert (page.sections, page.noindex) == ([Section("The heading", 0, 1, "page=1")], True)
    assert page.published == datetime(2024, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert document_of(page, URL).sections == page.sections
    assert read_page(made_pdf("First line"), "", URL).title == "First line"


@pytest.mark.parametrize(
    ("notes", "text"),
    [
        ("/FreeText/Contents(A note)", "Page\nA note"), ("/Text/Contents(Zwei\\rZeilen)", "Page\nZwei\nZeilen"),
        ("/Highlight/Contents<FEFF641C7D22>", "Page\n搜索"), ("/Widget/FT/Tx/V(Filled in)", "Page\nFilled in"),
        ("/Widget/FT/Ch/V(Chosen)", "Page\nChosen"), ("/Widget/FT/Btn/V/Yes", "Page"), ("/Link/Contents(Frame)", "Page"),
        ("/Popup/Contents(Frame)", "Page"), ("/FreeText", "Page"), (f"/Text/Contents({'x' * pdf.MAX_NOTE})", "Page"),
    ],
)  # fmt: skip
def test_annotations_and_forms_of_a_pdf_are_text(notes: str, text: str) -> None:
    body = made_pdf("Page", notes=f"<</Type/Annot/Rect[0 0 9 9]/Subtype{notes}>>")
    assert read_page(body, PDF, URL).text == text


@pytest.mark.parametrize(
    ("body", "kind"),
    [(archive(DOCX_FILES), DOCX), (archive(EPUB_FILES), EPUB), (made_pdf("x"), PDF), (b"<p>x", "text/html")],
)  # fmt: skip
def test_kinds_are_told_by_their_first_bytes(body: bytes, kind: str) -> None:
    assert kind_of("application/octet-stream" if kind != "text/html" else "Text/HTML; charset=x", body) == kind


def with_file(files: Mapping[str, str | bytes], name: str, content: str | bytes | None) -> bytes:
    changed = {**files, name: content or ""}
    if content is None:
        del changed[name]
    return archive(changed)


BILLION = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'>]><x>&b;</x>"


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (b"PK\x03\x04 broken", DOCX, "damaged archive"), (archive(DOCX_FILES)[:-80], DOCX, "damaged archive"),
        (archive({}), DOCX, "no word/document.xml"), (with_file(DOCX_FILES, "word/document.xml", "<a>"), DOCX, "not valid XML"),
        (with_file(DOCX_FILES, "word/document.xml", BILLION), DOCX, "document type"),
        (with_file(DOCX_FILES, "word/document.xml", BILLION.encode("utf-16")), DOCX, "document type"),
        (lambda: with_file(DOCX_FILES, "word/document.xml", b"\0" * (65 << 20)), DOCX, "bomb"),
        (lambda: with_file(DOCX_FILES, "word/document.xml", b"<a>" + b"<b/>" * 200_000 + b"</a>"), DOCX, "elements"),
        (with_file(DOCX_FILES, "word/document.xml", b"<a>" * 2000 + b"</a>" * 2000), DOCX, "nested"),
        (lambda: with_file(DOCX_FILES, "word/document.xml", b"<a>" + b" " * (17 << 20) + b"</a>"), DOCX, "limit"),
        (lambda: archive({str(number): "" for number in range(20_001)}), DOCX, "20001 files"),
        (archive(DOCX_FILES, zipfile.ZIP_LZMA), DOCX, "neither stored nor deflated"),
        (with_file(EPUB_FILES, "META-INF/container.xml", None), EPUB, "no META-INF"),
        (with_file(EPUB_FILES, "META-INF/container.xml", "<x/>"), EPUB, "archive has no "),
        (with_file(EPUB_FILES, "OEBPS/text/1.xhtml", b"\0" * 4000), EPUB, "binary"),
        (b"%PDF-1.7 nothing", PDF, "unreadable PDF"), (b"", PDF, "unreadable PDF"),
    ],
)  # fmt: skip
def test_broken_and_hostile_documents_are_refused(body: bytes | Callable[[], bytes], kind: str, problem: str) -> None:
    made = body if isinstance(body, bytes) else body()  # what takes long is made by the worker that has the test
    with pytest.raises(InvalidDocumentError, match=problem):
        read_page(made, kind, URL)


def test_content_controls_in_each_other_are_read() -> None:
    inner = "<w:p><w:r><w:t>deep</w:t></w:r></w:p>"
    body = "<w:sdt><w:sdtContent>" * 400 + inner + "</w:sdtContent></w:sdt>" * 400
    document = f"<w:document {WORD}><w:body>{body}</w:body></w:document>"
    assert read_page(with_file(DOCX_FILES, "word/document.xml", document), DOCX, URL).text == "deep"


def test_without_pdfium_a_pdf_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pypdfium2", None)
    with pytest.raises(InvalidDocumentError, match="documents"):
        read_page(made_pdf("x"), PDF, URL)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("D:20240102030405+01'00'", "2024-01-02T03:04:05+01:00"), ("D:20240102030405Z", "2024-01-02T03:04:05+00:00"),
        ("D:20240102", "2024-01-02T00:00:00+00:00"), ("D:20241399", ""), ("2024", ""), ("", ""),
    ],
)  # fmt: skip
def test_times_of_pdfs(text: str, time: str) -> None:
    assert pdf.time_of(text) == time


def test_documents_on_a_site_are_pages(crawl: Crawl, site: MockSite) -> None:
    bodies = {
        "/a.pdf": (made_pdf("Text in a PDF"), PDF),
        "/b.docx": (archive(DOCX_FILES), DOCX),
        "/c.epub": (archive(EPUB_FILES), EPUB),
        "/e.rst": (b"Tides\n=====\n\n*Text*", "application/octet-stream"),
    }
    site.page("/", "<title>All</title>" + "".join(f"<a href={path}>x</a>" for path in (*bodies, "/d.zip")))
    for path, (body, kind) in bodies.items():
        site.page(path, body, content_type=kind)
    site.page("/d.zip", archive({"a": "b"}), content_type="application/zip")
    found = crawl.once(site.url("/"))
    texts = {url: entry.document.text for url, entry in found.items() if entry.document}
    assert set(texts) == {site.url(path) for path in ("/", *bodies)}
    assert texts[site.url("/a.pdf")] == "Text in a PDF"
    assert "第二章" in texts[site.url("/c.epub")]
