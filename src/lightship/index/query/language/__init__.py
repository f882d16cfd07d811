"""The query language: from what a person types to words, phrases and boolean expressions."""
