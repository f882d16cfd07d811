"""Writes readable YAML from dictionaries, lists, strings, numbers and booleans: the same data yields the same text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z/.][A-Za-z0-9_./-]*(?::[A-Za-z0-9_./-]+)*(?: [A-Za-z0-9_./-]+)*")
_WORDS = {
    "true",
    "false",
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "null",
    "nan",
    ".nan",
    ".inf",
}  # not strings in YAML unless quoted
_UNPRINTABLE = re.compile(r"[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff]")
_INDENT = "  "


def dump(value: Mapping[str, Any]) -> str:
    """Return a document, ending in a newline."""
    return "\n".join(_mapping(value, "") or ["{}"]) + "\n"


def dump_all(values: Sequence[Mapping[str, Any]]) -> str:
    """Return several documents as one file."""
    return "---\n".join(map(dump, values))


def _mapping(value: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, content in value.items():
        if isinstance(content, str) and _is_text(content):
            lines += [f"{indent}{_scalar(key)}: |", *_text(content, indent + _INDENT)]
        elif isinstance(content, dict | list | tuple) and content:
            lines += [f"{indent}{_scalar(key)}:", *_block(content, indent + _INDENT)]
        else:
            lines.append(f"{indent}{_scalar(key)}: {_scalar(content)}")
    return lines


def _block(value: Any, indent: str) -> list[str]:
    """Return the lines of a mapping or a sequence that is not empty."""
    if isinstance(value, dict):
        return _mapping(value, indent)
    lines = []
    for element in value:
        if isinstance(element, dict | list | tuple) and element:
            first, *rest = _block(element, indent + _INDENT)
            lines += [f"{indent}- {first.strip()}", *rest]
        else:
            lines.append(f"{indent}- {_scalar(element)}")
    return lines


def _is_text(value: str) -> bool:
    """Whether a string can and should be written as a literal block."""
    return value.endswith("\n") and not re.search(r"\A\s|[ \t]\n|\n\n\Z|[^\n\x20-\x7e]", value)


def _text(value: str, indent: str) -> list[str]:
    return [f"{indent}{line}" if line else "" for line in value[:-1].split("\n")]


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return (
            value
            if _PLAIN.fullmatch(value) and value.lower() not in _WORDS and not _looks_odd(value)
            else _quoted(value)
        )
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, dict | list | tuple) and not value:
        return "{}" if isinstance(value, dict) else "[]"
    raise TypeError(f"{type(value).__name__} can't be written as YAML")


def _looks_odd(value: str) -> bool:
    """Whether a plain string could be read as a number, a document end or a mapping."""
    return bool(re.fullmatch(r"[-+.0-9eE_:]+|\.\.\..*", value)) or ": " in value


def _quoted(value: str) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
