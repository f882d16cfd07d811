"""Presentations (PPTX)."""

from __future__ import annotations

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.media import PPTX, kind_of
from lightship.crawler.parsing.read import read_page
from unit.crawler.parsing.formats.archives import archive

URL = "http://a.example/document"
OFFICE = "http://schemas.openxmlformats.org"
NAMES = f'xmlns:p="{OFFICE}/presentationml/2006/main" xmlns:a="{OFFICE}/drawingml/2006/main" xmlns:r="{OFFICE}/officeDocument/2006/relationships"'


def relations(**targets: str) -> str:
    each = "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/x/{name.rstrip("0123456789")}" Target="{target}"/>'
        for name, target in targets.items()
    )
    return f'<Relationships xmlns="{OFFICE}/package/2006/relationships">{each}</Relationships>'


def shape(text: str, kind: str = "") -> str:
    holder = f'<p:ph type="{kind}"/>' if kind else ""
    return f"<p:sp><p:nvSpPr><p:nvPr>{holder}</p:nvPr></p:nvSpPr><p:txBody><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"


TABLE = "<a:tbl><a:tr><a:tc><a:p><a:r><a:t>A</a:t></a:r></a:p></a:tc><a:tc><a:p><a:r><a:t>B</a:t></a:r></a:p></a:tc></a:tr></a:tbl>"
PICTURE = '<p:pic><p:nvPicPr><p:cNvPr id="1" descr="A picture"/></p:nvPicPr></p:pic>'
FILES = {
    "ppt/presentation.xml": f'<p:x {NAMES}><p:sldIdLst><p:sldId r:id="slide2"/><p:sldId r:id="slide1"/><p:sldId r:id="lost"/></p:sldIdLst></p:x>',
    "ppt/_rels/presentation.xml.rels": relations(slide1="slides/a.xml", slide2="/ppt/slides/b.xml", slide3="../../etc"),
    "ppt/slides/a.xml": f"<p:sld {NAMES}>{shape('7', 'sldNum')}{TABLE}{PICTURE}{shape('Last', 'title')}</p:sld>",
    "ppt/slides/b.xml": f"<p:sld {NAMES}>{shape('Said')}{shape('First', 'ctrTitle')}</p:sld>",
    "ppt/slides/_rels/b.xml.rels": relations(notesSlide="../notes/b.xml"),
    "ppt/notes/b.xml": f"<p:notes {NAMES}>{shape('A note', 'body')}{shape('1', 'sldNum')}</p:notes>",
    "docProps/core.xml": '<x xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>PowerPoint Presentation</dc:title><dc:creator>A. Utor</dc:creator></x>',
}  # fmt: skip


def test_a_presentation() -> None:
    page = read_page(archive(FILES), PPTX, URL)
    assert (page.title, page.author, page.type) == ("First", "A. Utor", "presentation")
    assert page.text.split("\n\n") == ["First", "Said", "A note", "Last", "A B", "A picture"]
    assert [each.heading for each in page.sections] == ["First", "Last"]
    assert kind_of("application/zip", archive(FILES)) == PPTX


def test_broken_ones_are_refused() -> None:
    with pytest.raises(InvalidDocumentError, match=r"no ppt/presentation\.xml"):
        read_page(archive({}), PPTX, URL)
    with pytest.raises(InvalidDocumentError, match="not valid XML"):
        read_page(archive({**FILES, "ppt/slides/a.xml": "<a"}), PPTX, URL)
