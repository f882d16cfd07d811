"""What an HTML page holds: main text, links, metadata, signals."""
