"""Jupyter notebooks."""

from __future__ import annotations

import msgspec
import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.media import NOTEBOOK
from lightship.crawler.parsing.read import read_page

URL = "http://a.example/a.ipynb"
CELLS = [
    {"cell_type": "markdown", "metadata": {}, "source": ["# The *title*\n", "\n", "Text <script>no</script>."]},
    {"cell_type": "code", "source": "import os\nx", "outputs": [
        {"output_type": "stream", "text": ["printed\n"]},
        {"output_type": "execute_result", "data": {"text/plain": ["array"], "image/png": "AAAA"}},
        {"output_type": "display_data", "data": {"text/plain": {"a": 1}}},
    ]},
    {"cell_type": "raw", "source": "raw"}, {"cell_type": "markdown", "source": "## Sub"},
]  # fmt: skip


def test_a_notebook() -> None:
    made = {"nbformat": 4, "metadata": {"authors": [{"name": "A. Utor"}, 7]}, "cells": CELLS}
    page = read_page(msgspec.json.encode(made), "application/octet-stream", URL)
    assert (page.title, page.author, page.type) == ("The title", "A. Utor", "notebook")
    assert [(each.heading, each.level) for each in page.sections] == [("The title", 1), ("Sub", 2)]
    assert " ".join(page.text.split()) == "The title Text . import os x printed array Sub"


def test_an_old_notebook() -> None:
    cells = [{"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "input": ["x = 1"]}]
    made = {"nbformat": 3, "metadata": {"title": "Named"}, "worksheets": [{"cells": cells}]}
    page = read_page(b"\xef\xbb\xbf" + msgspec.json.encode(made), NOTEBOOK, URL)
    assert (page.title, page.text) == ("Named", "Old\n\nx = 1")


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"nbformat": 4, "cells": 7}', b"\xff", b"[" * 100_000, b""])
def test_other_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidDocumentError, match="not a notebook"):
        read_page(body, NOTEBOOK, URL)
