"""Answers search requests: request parsing, admission, search, and hits."""
