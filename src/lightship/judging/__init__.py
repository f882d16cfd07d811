"""Judges rankings: judged collections, the systems that are asked, measures, and their differences."""
