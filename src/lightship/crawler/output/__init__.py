"""What becomes of documents: they are appended to the document log."""
