"""Builds the head of an HTML page from the metadata of another kind of document."""

from __future__ import annotations

from html import escape

NAMES = {"created": "dcterms.created", "modified": "dcterms.modified"}  # names that differ in HTML


def html_head(title: str, language: str = "", **facts: str) -> str:
    """Return a page up to the beginning of its body; `facts` are `author`, `description`, `created`, `modified`, `robots`."""
    metas = "".join(
        f'<meta name="{NAMES.get(name, name)}" content="{escape(value)}">' for name, value in facts.items() if value
    )
    return f'<html lang="{escape(language)}"><head><title>{escape(title)}</title>{metas}</head><body>'
