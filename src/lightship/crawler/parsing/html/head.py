"""The head of the HTML page that another document would be: what it says about itself, as meta elements."""

from __future__ import annotations

from html import escape

NAMES = {"created": "dcterms.created", "modified": "dcterms.modified"}  # facts that have other names in HTML


def html_head(title: str, language: str = "", **facts: str) -> str:
    """Return a page up to the begin of its body; `facts` are `author`, `description`, `created`, `modified`."""
    metas = "".join(
        f'<meta name="{NAMES.get(name, name)}" content="{escape(value)}">' for name, value in facts.items() if value
    )
    return f'<html lang="{escape(language)}"><head><title>{escape(title)}</title>{metas}</head><body>'
