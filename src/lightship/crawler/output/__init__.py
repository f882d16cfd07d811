"""Output: documents are appended to the document log."""
