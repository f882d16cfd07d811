"""Leadership: one indexer of a shard leads, the others stand by."""
