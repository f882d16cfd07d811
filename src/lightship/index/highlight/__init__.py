"""Snippets: the best passage of a page, highlighted."""
