"""The languages that have a stemmer, and which of them a document or a word is stemmed in."""

from __future__ import annotations

# BCP 47 primary subtag -> tantivy's stemmer. A further language needs only an entry here
STEMMERS = {
    "ar": "arabic", "da": "danish", "nl": "dutch", "en": "english", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hu": "hungarian", "it": "italian", "no": "norwegian", "pt": "portuguese", "ro": "romanian",
    "ru": "russian", "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
DEFAULT_LANGUAGE = "en"  # of text of unknown language

# Languages written in other than Latin letters: the Latin words in their texts are mostly English
NOT_LATIN = frozenset({
    "am", "ar", "as", "be", "bg", "bn", "bo", "ckb", "dv", "dz", "el", "fa", "gu", "he", "hi", "hy", "iw", "ja", "ka", "kk",
    "km", "kn", "ko", "ky", "lo", "mk", "ml", "mn", "mr", "my", "ne", "or", "pa", "ps", "ru", "sa", "sd", "si", "ta", "te",
    "tg", "th", "ti", "tt", "ug", "uk", "ur", "yi", "yue", "zh",
})  # fmt: skip

UNSTEMMED = "-"  # a second value of `language` for a document whose words are not stemmed


def stem_language(language: str | None) -> str:
    """Return the language in which a document in `language` is stemmed; empty for no stemming."""
    if language is None:
        return DEFAULT_LANGUAGE
    return language if language in STEMMERS else DEFAULT_LANGUAGE if language in NOT_LATIN else ""
