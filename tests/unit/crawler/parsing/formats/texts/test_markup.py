"""reStructuredText and AsciiDoc: headings, code, and what the markup says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from lightship.crawler.parsing.encodings.media import ASCIIDOC, RST
from lightship.crawler.parsing.html.extract import Page
from lightship.crawler.parsing.read import read_page

URL = "http://a.example/document"


def read(kind: str, text: str) -> Page:
    return read_page(text.encode(), kind, URL)


RST_TEXT = """\
=====
Tides
=====

:Author: A. Utor
:Date: 2024-02-03
:lang: de

.. contents::

.. _target:

First *part*
------------

Some ``code*``, :ref:`a label <target>`, `Python <https://python.org>`_ and |name|.

.. |name| replace:: the name

.. a comment
   of two lines

Sub
~~~

Code::

    def f():
        return 1

Second
------

.. code-block:: python
   :caption: Its caption

   import os
"""
ADOC_TEXT = """\
= Tides
A. Utor <a@example.org>
v1.0, 2024-02-03
:lang: de
:product: Lightship

== First *part*

Some `code`, *bold*, {product}, https://example.org[a link] and <<ref,a reference>>.

// comment

=== Sub

.Its caption
[source,python]
----
def f():
    return 1
----

== Second
////
no
////
"""


@pytest.mark.parametrize(("kind", "text"), [(RST, RST_TEXT), (ASCIIDOC, ADOC_TEXT)])
def test_headings_and_metadata(kind: str, text: str) -> None:
    page = read(kind, text)
    assert (page.title, page.author, page.language) == ("Tides", "A. Utor", "de")
    assert page.modified == datetime(2024, 2, 3, tzinfo=UTC)
    assert [(each.heading, each.level) for each in page.sections] == [
        ("Tides", 1), ("First part", 2), ("Sub", 3), ("Second", 2),
    ]  # fmt: skip
    assert "def f():\nreturn 1" in page.text
    assert "Its caption" in page.text
    assert "no" not in page.text.split()
    assert "comment" not in page.text


def test_markup_is_no_text() -> None:
    assert "Some code*, a label, Python and the name." in read(RST, RST_TEXT).text
    assert "Some code, bold, Lightship, a link and a reference." in read(ASCIIDOC, ADOC_TEXT).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* one\n* two\n  more", "one\n\ntwo more"), ("=== ===\nA   B\n=== ===\none two\n=== ===", "A B\n\none two"),
        ("+---+---+\n| a | b |\n+---+---+", "a b"), ("| line one\n| line two", "line one\n\nline two"),
        (".. note:: Take care.\n\n   More of it.", "Take care.\n\nMore of it."), (".. [1] A footnote.", "A footnote."),
        (".. image:: a.png\n   :alt: A picture", "A picture"), (".. figure:: a.png\n   :alt: A picture\n\n   Its caption", "A picture\n\nIts caption"),
        (".. py:function:: open(file)\n\n   Opens it.", "open(file)\n\nOpens it."), (".. unknown:: x\n   :opt: y\n\n   inside", "x\n\ninside"),
        ("Term\n   Its definition.", "Term Its definition."), ("a \\*b\\* c", "a *b* c"), ("See a. b and 1. c", "See a. b and 1. c"),
        (".. toctree::\n\n   one\n   two\n\nAfter", "After"), ("before\n\n----\n\nafter", "before\n\nafter"),
        (":term:`tide` and `plain`", "tide and plain"), ("**bold** 2*3*4", "bold 2*3*4"), ("", ""),
    ],
)  # fmt: skip
def test_restructured_text(text: str, expected: str) -> None:
    assert read(RST, text).text == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* one\n* two\n** deep", "one\n\ntwo\n\ndeep"), ("|===\n|A |B\n\n|one |two\n|===", "A B\n\none two"),
        ("[NOTE]\n====\nInside.\n====", "Inside."), ("image::a.png[A picture, 300]", "A picture"), ("Term:: definition", "Term\n\ndefinition"),
        ("....\nliteral *x*\n....", "literal *x*"), ("```python\nx = 1\n```", "x = 1"), ("a footnote:[Remark.] b", "a (Remark.) b"),
        ("*bold* and _it_ and 2*3*4", "bold and it and 2*3*4"), ("include::x.adoc[]\n\nAfter", "After"), ("== Two ==", "Two"),
        ("Title\n-----\n\nText", "Title\n\nText"), ("  indented\n  code", "indented\ncode"), ("", ""),
    ],
)  # fmt: skip
def test_asciidoc(text: str, expected: str) -> None:
    assert read(ASCIIDOC, text).text == expected
