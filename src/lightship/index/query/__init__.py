"""The query language, and its translation to tantivy."""
