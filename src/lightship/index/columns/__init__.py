"""Columns of declared fields: filters on them, counts of their values, and results sorted by them."""
