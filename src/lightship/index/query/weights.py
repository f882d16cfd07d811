"""How much each word of a query counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lightship.index.analysis.stopwords import STOPWORDS

# A word that is typed n times counts n ** REPETITION times: in a long text that is pasted as a query, what is repeated is
# what it is about
REPETITION = 0.7

# A query of QUESTION_WORDS words, of which TOPICAL_WORDS are not function words, is a question (decisions/0002)
QUESTION_WORDS, TOPICAL_WORDS = 5, 2


def topical(words: Sequence[str]) -> Sequence[str]:
    """Return `words` without function words, if anything else is left; WHO and IT in capitals are names."""
    return [word for word in words if word.lower() not in STOPWORDS or (len(word) > 1 and word.isupper())] or words


def weighted_words(words: Sequence[str]) -> dict[str, float]:
    """Return the distinct `words` with their weights; the function words of a question are left out.

    In a short query every word matters: `vitamin a`, `will smith`, `IT jobs`; and German's `was` is not a stop word.
    """
    left = topical(words)
    counted = left if len(words) >= QUESTION_WORDS and len(left) >= TOPICAL_WORDS else words
    first = {word.lower(): word for word in reversed(counted)}
    return {first[word]: count**REPETITION for word, count in Counter(map(str.lower, counted)).items()}
