"""Parsing of pages and documents: main text, links, metadata, and signs of error and login pages."""
