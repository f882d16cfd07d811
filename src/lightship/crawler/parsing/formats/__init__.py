"""Formats other than HTML, which become HTML; feeds and sitemaps."""
