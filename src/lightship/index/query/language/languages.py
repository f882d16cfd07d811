"""The names of languages in English and in the language itself, and their codes."""

from __future__ import annotations

import re

_NAMES = {
    "af": "afrikaans", "ar": "arabic العربية", "az": "azerbaijani azərbaycanca", "be": "belarusian беларуская",
    "bg": "bulgarian български", "bn": "bengali bangla বাংলা", "bs": "bosnian bosanski", "ca": "catalan català",
    "cs": "czech čeština", "cy": "welsh cymraeg", "da": "danish dansk", "de": "german deutsch", "el": "greek ελληνικά",
    "en": "english", "eo": "esperanto", "es": "spanish español castellano", "et": "estonian eesti", "eu": "basque euskara",
    "fa": "persian farsi فارسی", "fi": "finnish suomi", "fr": "french français", "ga": "irish gaeilge", "gl": "galician galego",
    "gu": "gujarati ગુજરાતી", "he": "hebrew עברית", "hi": "hindi हिन्दी", "hr": "croatian hrvatski", "hu": "hungarian magyar",
    "hy": "armenian հայերեն", "id": "indonesian indonesia", "is": "icelandic íslenska", "it": "italian italiano",
    "ja": "japanese 日本語", "ka": "georgian ქართული", "kk": "kazakh қазақша", "km": "khmer ខ្មែរ", "kn": "kannada ಕನ್ನಡ",
    "ko": "korean 한국어", "la": "latin latina", "lo": "lao ລາວ", "lt": "lithuanian lietuvių", "lv": "latvian latviešu",
    "mk": "macedonian македонски", "ml": "malayalam മലയാളം", "mn": "mongolian монгол", "mr": "marathi मराठी", "ms": "malay melayu",
    "my": "burmese မြန်မာ", "ne": "nepali नेपाली", "nl": "dutch nederlands", "no": "norwegian norsk", "pa": "punjabi ਪੰਜਾਬੀ",
    "pl": "polish polski", "pt": "portuguese português", "ro": "romanian română", "ru": "russian русский",
    "si": "sinhala සිංහල", "sk": "slovak slovenčina", "sl": "slovenian slovene slovenščina", "sq": "albanian shqip",
    "sr": "serbian српски srpski", "sv": "swedish svenska", "sw": "swahili kiswahili", "ta": "tamil தமிழ்", "te": "telugu తెలుగు",
    "th": "thai ไทย", "tl": "tagalog", "tr": "turkish türkçe", "uk": "ukrainian українська", "ur": "urdu اردو",
    "uz": "uzbek oʻzbekcha", "vi": "vietnamese", "yi": "yiddish ייִדיש", "zh": "chinese mandarin 中文",
}  # fmt: skip
_CODES = {name: code for code, names in _NAMES.items() for name in names.split()}
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*", re.IGNORECASE)


def language_code(text: str) -> str | None:
    """Return the primary subtag (BCP 47) of the language `text`, a tag or a name; None if it is neither.

    `de`, `de-AT`, `German` and `Deutsch` are `de`.
    """
    tag = _TAG.fullmatch(text.strip())
    return tag[1].lower() if tag else _CODES.get(text.strip().lower())
