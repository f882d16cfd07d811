"""Standing queries: who watches a search is told which pages match, match no longer, or changed."""
