"""Formats other than HTML: Office, EPUB, PDF, feeds, sitemaps."""
