"""What commands know of a system that runs."""
