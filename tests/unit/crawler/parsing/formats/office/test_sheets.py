"""Spreadsheets (XLSX)."""

from __future__ import annotations

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.media import XLSX, kind_of
from lightship.crawler.parsing.formats.office import sheets
from lightship.crawler.parsing.formats.office import zip as archives
from lightship.crawler.parsing.read import read_page
from unit.crawler.parsing.formats.archives import archive
from unit.crawler.parsing.formats.office.test_slides import OFFICE, relations

URL = "http://a.example/document"
MAIN = f'xmlns="{OFFICE}/spreadsheetml/2006/main" xmlns:r="{OFFICE}/officeDocument/2006/relationships"'
STYLES = f"""<styleSheet {MAIN}><numFmts><numFmt numFmtId="170" formatCode="yyyy\\-mm"/><numFmt numFmtId="171" formatCode="0 &quot;days&quot;"/></numFmts>
<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="170"/><xf numFmtId="171"/></cellXfs></styleSheet>"""
CELLS = """<row><c t="s"><v>0</v></c><c t="s"><v>1</v></c><c t="s"><v>99</v></c></row><row/>
<row><c s="1"><v>45325</v></c><c s="2"><v>45325.5</v></c><c s="3"><v>7</v></c><c t="inlineStr"><is><t>in</t></is></c>
<c t="b"><v>1</v></c><c t="e"><v>#REF!</v></c><c t="str"><f>A1</f><v>made</v></c><c s="1"><v>1e300</v></c></row>"""
FILES = {
    "xl/workbook.xml": f"""<workbook {MAIN}><sheets><sheet name="Tides" r:id="worksheet1"/><sheet name="Secret" r:id="worksheet2"
        state="hidden"/><sheet name="More" r:id="worksheet3"/><sheet name="Lost" r:id="x"/></sheets></workbook>""",
    "xl/_rels/workbook.xml.rels": relations(
        worksheet1="w/1.xml", worksheet2="w/2.xml", worksheet3="w/3.xml", sharedStrings="s.xml", styles="styles.xml"
    ),
    "xl/s.xml": f"<sst {MAIN}><si><t>Name</t></si><si><r><t>高</t></r><r><t>さ</t></r><rPh><t>タカサ</t></rPh></si></sst>",
    "xl/styles.xml": STYLES,
    "xl/w/1.xml": f"<worksheet {MAIN}><sheetData>{CELLS}</sheetData></worksheet>",
    "xl/w/2.xml": f'<worksheet {MAIN}><sheetData><row><c t="str"><v>hidden</v></c></row></sheetData></worksheet>',
    "xl/w/3.xml": f'<worksheet {MAIN}><sheetData><row><c t="str"><v>last</v></c></row></sheetData></worksheet>',
}  # fmt: skip


def test_a_workbook() -> None:
    page = read_page(archive(FILES), XLSX, URL)
    assert " ".join(page.text.split()) == "Tides Name 高さ 2024-02-03 2024-02-03 12:00 7 in made 1e300 More last"
    assert (page.type, [each.heading for each in page.sections]) == ("spreadsheet", ["Tides", "More"])
    assert kind_of("", archive(FILES)) == XLSX


def test_a_large_one_is_read_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    row = '<row><c t="str"><v>some words</v></c></row>'
    body = archive({**FILES, "xl/w/1.xml": f"<worksheet {MAIN}><sheetData>{row * 100}</sheetData></worksheet>"})
    monkeypatch.setattr(sheets, "MAX_CHARACTERS", 200)
    assert 10 < read_page(body, XLSX, URL).text.count("words") < 30


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("xl/workbook.xml", f"<workbook {MAIN}/>", "no visible sheets"), ("xl/w/1.xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>", "document type"),
        ("xl/w/1.xml", "<a></b>", "not valid XML"),
    ],
)  # fmt: skip
def test_broken_ones_are_refused(name: str, content: str, problem: str) -> None:
    with pytest.raises(InvalidDocumentError, match=problem):
        read_page(archive({**FILES, name: content}), XLSX, URL)


def test_what_is_cut_off_is_read_up_to_there() -> None:
    body = archive({**FILES, "xl/s.xml": f"<sst {MAIN}><si><t>Name</t></si><si"})
    assert read_page(body, XLSX, URL).text.split()[:3] == ["Tides", "Name", "2024-02-03"]


def test_a_bomb_of_many_sheets_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1 << 20)
    names = [f"worksheet{number}" for number in range(100)]
    book = "".join(f'<sheet name="{name}" r:id="{name}"/>' for name in names)
    files = {
        "xl/workbook.xml": f"<workbook {MAIN}><sheets>{book}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(**dict.fromkeys(names, "w.xml")),
        "xl/w.xml": f"<worksheet {MAIN}>{' ' * 100_000}</worksheet>",
    }
    with pytest.raises(InvalidDocumentError, match="bomb"):
        read_page(archive(files), XLSX, URL)
