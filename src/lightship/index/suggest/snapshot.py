"""Makes the words of a view."""

from __future__ import annotations

from lightship.index.fields.schema import VOCABULARY, VOCABULARY_SINCE
from lightship.index.reader import View
from lightship.index.suggest.words import MAX_WORDS, Words

FEW_DOCUMENTS = 1000  # of an index in which words of a single document are suggested, too
_SAMPLE = 5000  # of the most frequent words, whose first letters are those that count


def words_of(view: View) -> Words | None:
    """Return the words of `view` for suggestions; None for the first version of the schema. Raises DamagedError.

    Words of a single document are left out unless there are few documents. One first letter is read after the other, to
    bound the memory that tantivy takes.
    """
    if view.version < VOCABULARY_SINCE:
        return None
    least = least_documents(view)
    starts = sorted({term[0] for term in view.terms_with_prefix(VOCABULARY, "", _SAMPLE)})
    counted = (each for start in starts for each in view.counted_terms(VOCABULARY, start, MAX_WORDS))
    return Words((word, count) for word, count in counted if count >= least)


def least_documents(view: View) -> int:
    """Return how many documents must have a word of `view` that is suggested."""
    return 1 if view.documents <= FEW_DOCUMENTS else 2
