"""`lightship add`: adds the documents of .jsonl files to the log, through an indexer's intake."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import msgspec
from tqdm import tqdm

from lightship.cli.system.secret import adopt_secret
from lightship.config import AddSettings, parse_settings, token
from lightship.core.errors import ConfigurationError, InvalidInputError, LightshipError, TooLargeError
from lightship.core.position import Reached
from lightship.documents.jsonl import UNREADABLE, check_length, open_lines, read_lines
from lightship.http.tls import trust
from lightship.intake.client import IntakeClient
from lightship.intake.messages import InvalidLineError, Stored

logger = logging.getLogger("add")

BATCH_BYTES = 4 << 20  # per request; an intake accepts eight times as much


class _Batch(NamedTuple):
    lines: list[bytes]
    numbers: list[int]  # the line number of each line in its file


class _Total:
    """What all requests together have stored."""

    def __init__(self) -> None:
        self.documents = 0
        self._reached: Reached | None = None

    def add(self, stored: Stored) -> None:
        reached = Reached.parse(stored.position)
        self._reached = self._reached.joined(reached) if self._reached else reached
        self.documents += stored.documents

    @property
    def stored(self) -> Stored:
        return Stored(self.documents, str(self._reached or ""))


def add(arguments: Sequence[str]) -> None:
    """Add the documents of each FILE (`-`: standard input); print their number and the log position as JSON.

    Raises InvalidInputError with the file and the line; the batches before that line are stored.
    """
    settings, files = parse_settings(
        AddSettings, "lightship add", arguments, positional="FILE",
        description="Add the documents of .jsonl files (also .gz or .zst; - is standard input) through an indexer's -listen address.",
    )  # fmt: skip
    if not files:
        raise ConfigurationError("lightship add: no files given; name a .jsonl file, or - for standard input")
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    client, total, started = IntakeClient(settings.indexer, token(), settings.collection), _Total(), time.monotonic()
    with tqdm(unit=" documents", disable=None, file=sys.stderr) as bar:  # on a terminal only
        for file in files:
            for batch in _batches(file, settings.batch):
                _send(client, file, batch, total)
                bar.update(len(batch.lines))
    seconds = time.monotonic() - started
    logger.info("%d documents in %.1f s, %.0f per second", total.documents, seconds, total.documents / (seconds or 1))
    print(msgspec.json.encode(total.stored).decode())  # noqa: T201 (what was asked for)


def _send(client: IntakeClient, file: str, batch: _Batch, total: _Total) -> None:
    try:
        total.add(client.post(b"".join(batch.lines)))
    except InvalidLineError as error:
        first, last = batch.numbers[0], batch.numbers[-1]
        where = f"line {batch.numbers[error.line - 1]}" if error.line else f"lines {first} to {last}"
        raise InvalidInputError(
            f"{file} {where}: {error}; the {total.documents} documents before line {first} are stored, the rest are not"
        ) from error
    except LightshipError as error:
        stored = f"the first {total.documents} documents are stored" if total.documents else "no document was stored"
        raise type(error)(f"{error}; {stored}; it is safe to run the command again") from error


def _batches(file: str, most: int) -> Iterator[_Batch]:
    """Yield the lines of `file` in batches of at most `most` documents."""
    batch, size = _Batch([], []), 0
    for number, line in _lines(file):
        if batch.lines and (len(batch.lines) == most or size + len(line) > BATCH_BYTES):
            yield batch
            batch, size = _Batch([], []), 0
        batch.lines.append(line if line.endswith(b"\n") else line + b"\n")
        batch.numbers.append(number)
        size += len(line)
    if batch.lines:
        yield batch


def _lines(file: str) -> Iterator[tuple[int, bytes]]:
    try:
        with _open(file) as lines:
            for number, line in read_lines(lines):
                try:
                    yield number, check_length(line)
                except TooLargeError as error:
                    raise InvalidInputError(f"{file} line {number}: {error}") from error
    except UNREADABLE as error:
        raise InvalidInputError(f"can't read {file}: {error}") from error


def _open(file: str) -> BinaryIO:
    return sys.stdin.buffer if file == "-" else open_lines(file)
