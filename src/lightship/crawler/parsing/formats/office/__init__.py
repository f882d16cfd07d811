"""Readers of office formats, most of them zip archives of XML."""
