"""Text analysis: from a text, normalized, to the words, grams and odd forms that are indexed and searched."""
