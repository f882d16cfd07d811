"""Documents as lines of JSON, and the language of a text."""
