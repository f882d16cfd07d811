"""Runs a program of the next version of the software: `python -m cluster.next_version MODULE ARGUMENTS`.

Its schema, version 3, has one more searched field, `edition`, in the middle of the others: so all later fields have
other numbers than in version 2, and who mixes the two finds nothing, or wrong things.
"""

from __future__ import annotations

import runpy
import sys
from typing import Any

import tantivy
from msgspec.structs import replace

from lightship.index.fields import schema

VERSION = 3

schema.SCHEMA_VERSION = VERSION
schema.WEIGHTS[VERSION] = {"title": 0.5, "edition": 0.3, "text": 1.0}

from lightship.core.model import Document  # noqa: E402
from lightship.index import writer  # noqa: E402 (what it imports has to be changed before)

_former_to_tantivy = writer.to_tantivy


def _to_tantivy(document: Document, *more: Any, **named: Any) -> tantivy.Document:
    # The main field has the words of all others
    made = _former_to_tantivy(replace(document, text=f"{document.text} secondedition"), *more, **named)
    made.add_text("edition", "secondedition")
    return made


writer.to_tantivy = _to_tantivy

if __name__ == "__main__":
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
