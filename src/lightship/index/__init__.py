"""The index library: the only code that imports tantivy."""
