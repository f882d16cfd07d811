"""Maps names of character encodings on the web to the Python codecs that decode them like browsers."""

from __future__ import annotations

import codecs

from resiliparse.parse.encoding import map_encoding_to_html5

# Encodings for which browsers use a superset of Python's codec of that name. The names are those of the WHATWG encoding
# standard and of the detector, in Python's spelling.
WIDER = {
    "gb2312": "gb18030", "gbk": "gb18030", "big5": "big5hkscs", "shift_jis": "cp932", "euc_kr": "cp949",
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "iso8859-11": "cp874", "tis-620": "cp874",
    "euc_jp": "euc_jisx0213", "iso2022_jp": "iso2022_jp_ext", "utf-16": "utf-16-le",
}  # fmt: skip

# Labels outside the standard, or without a codec in the library with its table.
_OTHERS = {
    "cp949": "cp949", "uhc": "cp949", "cp950": "big5hkscs", "cp936": "gb18030", "cp932": "cp932", "euc-cn": "gb18030",
    "big5-hkscs:2004": "big5hkscs", "hz-gb-2312": "hz", "iso-2022-kr": "iso2022_kr", "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ukrainian": "mac_cyrillic", "windows-1200": "utf-16-le", "utf-32": "utf-32-le", "utf-32le": "utf-32-le",
    "utf-32-le": "utf-32-le", "utf-32be": "utf-32-be", "utf-32-be": "utf-32-be", "ucs-4": "utf-32-be",
}  # fmt: skip

_SINGLE_BYTE = ("cp125", "cp86", "cp874", "iso8859", "koi8", "mac")


def codec_of(label: str | None) -> str | None:
    """Return the Python codec for an encoding's name in a header, a page or the detector's result; None if unknown."""
    name = (label or "").strip().strip("\"'").lower()
    if not name.isascii():
        return None
    found = _OTHERS.get(name) or map_encoding_to_html5(name, fallback_utf8=False) or _known(name)
    return WIDER.get(found, found) if found else None


def is_single_byte(codec: str) -> bool:
    """Whether `codec` decodes each byte to a character, so that hardly any text is undecodable in it."""
    return codec.startswith(_SINGLE_BYTE)


def _known(name: str) -> str | None:
    """Return the codec of a name of the detector that is not in the standard, like `iso8859-10`."""
    try:
        return codecs.lookup(name).name if name.startswith(("iso", "cp", "windows", "koi8", "mac", "johab")) else None
    except (LookupError, ValueError):
        return None
