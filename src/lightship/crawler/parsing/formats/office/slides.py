"""Converts presentations (PPTX) to HTML."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from lightship.crawler.parsing.formats.html_head import html_page, paragraph, row_of
from lightship.crawler.parsing.formats.office.ooxml import DRAWING, RELATIONS, head_of, relations_of
from lightship.crawler.parsing.formats.office.zip import Archive

MAX_SLIDES = 2000

_SHOW = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_TITLES = frozenset({"title", "ctrTitle"})
_ON_EVERY_SLIDE = frozenset({"sldNum", "dt", "ftr", "hdr", "sldImg"})


def pptx_to_html(body: bytes) -> str:
    """Return a PPTX presentation as HTML: titles as headings, texts, tables, notes. Raises InvalidDocumentError."""
    with Archive(body) as archive:
        show, parts = archive.xml("ppt/presentation.xml"), relations_of(archive, "ppt/presentation.xml")
        order = [each.get(f"{RELATIONS}id", "") for each in show.iterfind(f"{_SHOW}sldIdLst/{_SHOW}sldId")]
        slides = [parts[each][1] for each in order if each in parts][:MAX_SLIDES]
        return html_page(head_of(archive), (block for slide in slides for block in _slide(archive, slide)))


def _slide(archive: Archive, name: str) -> Iterator[str]:
    yield from _blocks(archive.xml(name))
    for kind, notes in relations_of(archive, name).values():
        if kind == "notesSlide":
            yield from _blocks(archive.xml(notes))


def _blocks(slide: Element) -> Iterator[str]:
    """Yield what stands on a slide, its title first."""
    titles, others = [], []
    for shape in slide.iter():
        if shape.tag == f"{_SHOW}sp":
            holder = shape.find(f"{_SHOW}nvSpPr/{_SHOW}nvPr/{_SHOW}ph")
            kind = holder.get("type", "") if holder is not None else ""
            if kind in _TITLES:
                titles.append(paragraph(" ".join(_paragraphs(shape)), 2))
            elif kind not in _ON_EVERY_SLIDE:
                others += [paragraph(text) for text in _paragraphs(shape)]
        elif shape.tag == f"{DRAWING}tr":
            others.append(f"<table>{row_of(' '.join(_paragraphs(cell)) for cell in shape)}</table>")
        elif shape.tag == f"{_SHOW}cNvPr":
            others.append(paragraph(shape.get("descr", "")))
    yield from titles
    yield from others


def _paragraphs(shape: Element) -> Iterator[str]:
    for element in shape.iter(f"{DRAWING}p"):
        pieces = (" " if each.tag == f"{DRAWING}br" else each.text or "" for each in element.iter()
                  if each.tag in (f"{DRAWING}t", f"{DRAWING}br"))  # fmt: skip
        if text := "".join(pieces).strip():
            yield text
