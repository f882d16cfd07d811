"""From a search request to its hits."""
