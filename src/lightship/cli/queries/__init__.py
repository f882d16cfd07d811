"""Commands that ask a running system: what it finds, and what it knows about a page."""
