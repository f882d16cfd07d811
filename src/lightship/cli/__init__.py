"""The `lightship` command, for people."""
