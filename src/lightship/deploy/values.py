"""Parsers of the deployment file's values: each returns the parsed value, or raises ValueError saying what to write."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from typing import Any

from lightship.config import Crawling, UpSettings, as_json, setting
from lightship.config.rules import RuleError, rules_of
from lightship.config.setting import declaration
from lightship.config.shared import INTAKE_BEYOND
from lightship.core.origins import parse_origins

MIB = 1 << 20

_UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
_SIZE = re.compile(rf"([0-9]{{1,9}}) ?({'|'.join(_UNITS)})")
NAME = re.compile(r"[a-z]([a-z0-9-]{0,28}[a-z0-9])?")
HOST = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029$\"'\\]")
_IMAGE = re.compile(
    r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?"
)


def matching(pattern: re.Pattern[str], longest: int, advice: str) -> Callable[[Any], str]:
    """Return a parser of strings of at most `longest` characters that match `pattern`; `advice` describes them."""

    def parse(value: Any) -> str:
        if not isinstance(value, str) or len(value) > longest or not pattern.fullmatch(value):
            raise ValueError(f"{shown(value)} is not {advice}")
        return value

    return parse


def like_up(name: str) -> Callable[[Any], int]:
    """Return a parser of a number with the limits of the same setting of `lightship up`."""
    setting = next(field for field in dataclasses.fields(UpSettings) if field.name == name)
    return lambda value: int(setting.metadata["parse"](str(whole(value))))


def whole(value: Any) -> int:
    """Return a whole number."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{shown(value)} is not a whole number")  # noqa: TRY004 (every error in a value is a ValueError)
    return value


def fields(value: Any) -> str:
    """Return the declaration in a table of names and kinds."""
    if not isinstance(value, dict):
        raise ValueError(f'{shown(value)} is not a table; write [fields] and below it, for example, price = "number"')  # noqa: TRY004
    return declaration(",".join(f"{name}:{kind}" for name, kind in value.items()))


def collections(value: Any) -> str:
    """Return what declares the collections in a table of names and titles."""
    if not isinstance(value, dict) or not all(isinstance(title, str) and "," not in title for title in value.values()):
        raise ValueError(
            f'{shown(value)} is not a table of titles without commas; write [collections] and below it, for example, docs = "Documentation"'
        )
    return setting.collections(",".join(f"{name}:{title}" for name, title in value.items()))


def origins(value: Any) -> str:
    """Return a list of origins, comma-separated."""
    if not isinstance(value, list) or not all(isinstance(each, str) and "," not in each for each in value):
        raise ValueError(f'{shown(value)} is not a list of origins; write it like ["https://example.org"]')
    return ",".join(parse_origins(",".join(value)))


def rate(value: Any) -> str:
    """Return a rate."""
    if not isinstance(value, str):
        raise ValueError(f'{shown(value)} is not a rate; write it like "10/s"')  # noqa: TRY004
    return setting.rate(value)


def rules(value: Any) -> str:
    """Return the rules in a table for each source, as one argument of the crawler."""
    found = as_json(rules_of(value))
    if "$" in found:
        raise ValueError("$ is special in generated files; write it as %24 in urls, and rename the rest")
    return found


FILES = frozenset({"credentials", "archive"})  # settings that name files, which are not in a container
CRAWL = {
    field.name: field for field in dataclasses.fields(Crawling) if field.name not in {"rules", *FILES}
}  # whose rules have a table of their own


def crawl(value: Any) -> str:
    """Return the settings of the crawler in a table as its arguments, one a line."""
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is not a table; write [crawl] and below it, for example, revisit = 600")  # noqa: TRY004 (see above)
    settings = Crawling(**{key: _crawl_setting(key, each) for key, each in value.items()})
    return "\n".join(settings.arguments)


def _crawl_setting(key: str, value: Any) -> Any:
    if key not in CRAWL:
        why = "names files, which are not in the container" if key in FILES else f"known: {', '.join(CRAWL)}"
        raise RuleError((key,), f"can't be set here; {why}")
    is_flag = isinstance(CRAWL[key].default, bool)
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    if isinstance(value, bool) != is_flag or isinstance(value, dict) or "$" in text:
        raise RuleError((key,), f"{shown(value)} can't be the value of this setting of the crawler")
    try:
        return value if is_flag else CRAWL[key].metadata["parse"](text)
    except ValueError as error:
        raise RuleError((key,), str(error)) from error


def boolean(value: Any) -> bool:
    """Return true or false."""
    if not isinstance(value, bool):
        raise ValueError(f"{shown(value)} is neither true nor false")  # noqa: TRY004 (see above)
    return value


def servers(value: Any) -> int:
    """Return the number of NATS servers."""
    if whole(value) not in (0, 1, 3, 5):
        raise ValueError(f"must be 0 (a file), 1, 3 or 5 servers, not {value}: the log needs a majority of them")
    return int(value)


def processors(value: Any) -> float:
    """Return a number of processors."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0.05 <= value <= 256:
        raise ValueError(f"{shown(value)} is not a number of processors from 0.05 to 256")
    return value


def size(least: int) -> Callable[[Any], int]:
    """Return a parser of sizes of at least `least` bytes."""

    def parse(value: Any) -> int:
        found = _SIZE.fullmatch(value) if isinstance(value, str) else None
        if not found:
            raise ValueError(f'{shown(value)} is not a size; write it like "512MiB" or "20GiB"')
        size = int(found[1]) * _UNITS[found[2]]
        if not least <= size <= 1 << 50:
            raise ValueError(
                f'"{value}" is too {"small" if size < least else "large"}; it must be from {least // MIB}MiB to 1024TiB'
            )
        return size

    return parse


def sources(value: Any) -> tuple[str, ...]:
    """Return the sources, without duplicates."""
    if not isinstance(value, list):
        raise ValueError(f'{shown(value)} is not a list; write it like ["https://example.org/"]')  # noqa: TRY004
    for number, source in enumerate(value):
        wrong = f"{shown(source)} is listed twice" if source in value[:number] else _wrong_with_source(source)
        if wrong:
            raise WrongElementError(number, wrong)
    return tuple(value)


def _wrong_with_source(source: Any) -> str:
    """Return the error in a source, or an empty string."""
    if not isinstance(source, str) or not source.strip() or source.startswith("-"):
        return f"{shown(source)} is not a website, folder or .jsonl file"
    if _UNWRITABLE.search(source) or (":" in source and not is_website(source)):
        return f"{shown(source)} has a character that is special in generated files; write $ as %24, and rename paths that contain :, quotes or \\"
    if is_website(source) and "@" in re.split(r"[/?#]", source)[2]:
        return "the URL contains a password, which would end up in generated files; remove it: a deployment can't crawl sites behind a password"
    return ""


class WrongElementError(ValueError):
    """An error in element `number` of a list."""

    def __init__(self, number: int, message: str) -> None:
        """Describe the error in `message`."""
        super().__init__(message)
        self.number = number


def shown(value: Any) -> str:
    """Return a value as it appears in the file, truncated to 58 characters."""
    text = f'"{value}"' if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"


image = matching(_IMAGE, 255, 'an image; write it like "registry.example.org/lightship:1.2"')


def most(value: Any) -> int:
    """Return the maximum number of searchengines."""
    if not 0 <= whole(value) <= 1000:
        raise ValueError("must be from 0 to 1000")
    return int(value)


def port(value: Any) -> int:
    """Return a port low enough for the intake's port above it."""
    if not 1 <= whole(value) <= 65535 - INTAKE_BEYOND:
        raise ValueError(
            f"must be from 1 to {65535 - INTAKE_BEYOND}; documents are added on the port {INTAKE_BEYOND} above it"
        )
    return int(value)


def is_website(source: str) -> bool:
    """Whether a source is a website; otherwise it is a path."""
    return source.lower().startswith(("http://", "https://"))
