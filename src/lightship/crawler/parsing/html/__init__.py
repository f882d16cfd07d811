"""Parsing of HTML pages: main text, links, metadata, signals."""
