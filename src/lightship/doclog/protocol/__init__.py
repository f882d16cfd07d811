"""Shared by all backends of the document log: protocols, the stored format of an entry, fences, sessions."""
