"""One shard: changes are read, indexed and committed."""
