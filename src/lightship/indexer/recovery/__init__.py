"""Recovery of a shard after a restart, a takeover, or the loss of a disk."""
