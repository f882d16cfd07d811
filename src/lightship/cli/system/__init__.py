"""Access to a running system: its status, its secret, and keys."""
