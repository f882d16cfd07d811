"""The replica's store: segments are received, verified, installed, made durable, and served by layout."""
