"""Standing queries: a client that watches a search gets the pages that match, no longer match, or changed."""
