"""What the crawler keeps on disk."""
