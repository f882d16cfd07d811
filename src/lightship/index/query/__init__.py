"""The query language, and its compilation to tantivy queries."""
