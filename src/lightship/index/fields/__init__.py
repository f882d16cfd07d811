"""The fields of the index: schema, text analysis, and the stored form of a document."""
