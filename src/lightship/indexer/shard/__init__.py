"""A shard: reads, indexes and commits changes."""
