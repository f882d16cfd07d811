"""English function words, which say nothing about the topic and fill long questions."""

from __future__ import annotations

# Lucene's list and question words
STOPWORDS = frozenset({
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "do", "does", "did", "for", "from", "has", "have", "how", "if",
    "in", "into", "is", "it", "its", "no", "not", "of", "on", "or", "that", "the", "their", "then", "there", "these", "they",
    "this", "to", "was", "were", "what", "when", "where", "which", "who", "whom", "why", "will", "with", "you", "your", "i",
    "my", "me", "we", "our", "can", "could", "should", "would",
})  # fmt: skip
