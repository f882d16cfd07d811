"""Lightship beside other search engines, over HTTP, on the same documents and queries: see README.md."""
