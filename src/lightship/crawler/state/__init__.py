"""The crawler's state on disk."""
