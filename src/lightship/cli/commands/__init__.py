"""The commands of `lightship`, one a module."""
