"""tantivy's files on disk: segments, delete files and merges."""
