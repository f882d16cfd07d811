"""Archives of XML: those of strict documents (ISO 29500-1) are read like all others."""

from __future__ import annotations

import re

import pytest

from lightship.crawler.parsing.encodings.media import DOCX, PPTX, XLSX
from lightship.crawler.parsing.read import read_page
from unit.crawler.parsing.formats.archives import archive
from unit.crawler.parsing.formats.office import test_sheets, test_slides
from unit.crawler.parsing.formats.test_documents import DOCX_FILES, URL


def strict(files: dict[str, str], quote: str) -> bytes:
    """Return an archive with the names of strict documents: all but those of relations between parts are others."""
    usual = re.compile(r'"http://schemas\.openxmlformats\.org/((?!package)\w+)/2006/(\w+)"')
    return archive(
        {name: usual.sub(rf"{quote}http://purl.oclc.org/ooxml/\1/\2{quote}", text) for name, text in files.items()}
    )


@pytest.mark.parametrize("quote", ['"', "'"])
@pytest.mark.parametrize(
    ("files", "kind"),
    [(DOCX_FILES, DOCX), (test_slides.FILES, PPTX), (test_sheets.FILES, XLSX)],
    ids=["docx", "pptx", "xlsx"],
)
def test_strict_documents(files: dict[str, str], kind: str, quote: str) -> None:
    body = strict(files, quote)
    assert body != archive(files)
    assert read_page(body, kind, URL) == read_page(archive(files), kind, URL)
