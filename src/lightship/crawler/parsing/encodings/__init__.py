"""Decoding of bytes to text: media types, content encodings, character encodings."""
