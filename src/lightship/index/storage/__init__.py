"""tantivy's files on disk: segments, deletes, merges."""
