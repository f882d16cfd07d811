"""Answers: how they are written, permission for pages of other origins, validators for caches, compression."""
