"""Access to a running system: its status and its secret."""
