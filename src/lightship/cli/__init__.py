"""The `lightship` command line."""
