"""Where a shard goes on after a restart, a takeover, or a lost disk."""
