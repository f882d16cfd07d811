"""XML pages: the text of those that have a stylesheet."""

from __future__ import annotations

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.media import XML
from lightship.crawler.parsing.read import read_page

URL = "http://a.example/a.xml"
STYLE = '<?xml-stylesheet type="text/xsl" href="a.xsl"?>'
BOOK = f"""<?xml version="1.0" encoding="iso-8859-1"?>{STYLE}<!DOCTYPE book PUBLIC "x" "y.dtd">
<book xml:lang="de" xmlns="urn:x"><title>Das Büch</title><toc>no</toc><chapter><title>Eins</title>
<para>Some <em>mixed</em>ly text&nbsp;of <list><item>a</item><item>b</item></list>.</para>
<list><item>c</item><item><para>d</para></item></list></chapter></book>"""


def test_a_book() -> None:
    page = read_page(BOOK.encode("latin-1"), "text/xml", URL)
    assert (page.title, page.language, page.type) == ("Das Büch", "de", "page")
    assert page.text.split("\n\n") == ["Das Büch", "Eins", "Some mixedly text of a b.", "c", "d"]
    assert [(each.heading, each.level) for each in page.sections] == [("Das Büch", 1), ("Eins", 2)]


def test_xhtml_is_a_page() -> None:
    body = b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title>T</title></head><body><p>Text</p></body></html>'
    page = read_page(body, XML, URL)
    assert (page.title, page.text) == ("T", "Text")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<data><a>1</a></data>", "no stylesheet"), (f"{STYLE}<rss><channel/></rss>", "list of pages"), (f"{STYLE}<urlset/>", "list of pages"),
        (f"{STYLE}<!DOCTYPE x [<!ENTITY a 'aaaa'>]><x>&a;</x>", "entities"), (f"{STYLE}<x>", "not valid XML"), (f"{STYLE}<x>&nix;</x>", "not valid XML"),
        (f"{STYLE}{'<a>' * 2000}", "nested more than"), (f"{STYLE}<a>{'<b/>' * 200_001}</a>", "more than"), ("", "not valid XML"),
    ],
)  # fmt: skip
def test_others_are_refused(body: str, problem: str) -> None:
    with pytest.raises(InvalidDocumentError, match=problem):
        read_page(body.encode(), XML, URL)
