"""PDF documents, read by PDFium in a process of its own: a broken or hostile one takes nothing else down.

Needs the extra `documents`. `python -m lightship.crawler.reading.pdf` reads one from stdin.
"""

from __future__ import annotations

import contextlib
import importlib.util
import re
import subprocess
import sys
from datetime import datetime

import msgspec

from lightship.errors import InvalidDocumentError

SECONDS = 60  # that reading may take
MEMORY = 2 << 30  # bytes of address space
MAX_PAGES, MAX_TEXT, MAX_HEADINGS = 5000, 1_000_000, 100
HYPHEN = "\x02"  # what PDFium gives for a hyphen at the end of a line, and the line's end

_TIME = re.compile(r"D:(\d{4})(\d\d)(\d\d)(\d\d)?(\d\d)?(\d\d)?(?:Z|([+-]\d\d)'?(\d\d)?)?.*")


class Pdf(msgspec.Struct, frozen=True):
    """What a PDF document holds; `headings` are those of its outline, with the pages (from 1) that they are on."""

    text: str = ""
    title: str = ""
    author: str = ""
    created: str = ""
    modified: str = ""
    headings: list[tuple[str, int]] = []
    problem: str = ""


def read_pdf(body: bytes) -> Pdf:
    """Return what the PDF document `body` holds; raises InvalidDocumentError for one that can't be read within limits."""
    if importlib.util.find_spec("pypdfium2") is None:
        raise InvalidDocumentError(
            "a PDF: they are read with the extra 'documents' (pip install 'lightship[documents]')"
        )
    try:
        done = subprocess.run(
            [sys.executable, "-m", __name__], input=body, capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise InvalidDocumentError(f"a PDF that took more than {SECONDS} s to read") from None
    try:
        found = msgspec.json.decode(done.stdout, type=Pdf)
    except msgspec.DecodeError:
        raise InvalidDocumentError(f"a PDF that broke its reader (exit status {done.returncode})") from None
    if found.problem:
        raise InvalidDocumentError(f"a PDF that can't be read: {found.problem}")
    return found


def time_of(text: str) -> str:
    """Return a PDF time (`D:20240229103000+01'00'`) in ISO 8601; empty when it is none."""
    found = _TIME.fullmatch(text)
    if not found:
        return ""
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    zone = f"{found[7]}:{found[8] or '00'}" if found[7] else "+00:00"
    with contextlib.suppress(ValueError):
        return f"{datetime(year, month, day, hour, minute, second).isoformat()}{zone}"  # noqa: DTZ001 - the zone is added
    return ""


def _read(body: bytes) -> Pdf:
    import pypdfium2

    with contextlib.closing(pypdfium2.PdfDocument(body)) as document:
        facts = document.get_metadata_dict()
        pieces, left = [], MAX_TEXT
        for number in range(min(len(document), MAX_PAGES)):
            piece = document[number].get_textpage().get_text_bounded(errors="replace")
            pieces.append(piece.replace(HYPHEN, "").replace("\r\n", "\n"))
            left -= len(piece)
            if left < 0:
                break
        headings = []
        for mark in document.get_toc(max_depth=3):
            target = mark.get_dest()
            headings.append((mark.get_title(), (target.get_index() or 0) + 1 if target else 1))
            if len(headings) == MAX_HEADINGS:
                break
        return Pdf(
            text="\n\n".join(pieces), title=facts.get("Title", ""), author=facts.get("Author", ""),
            created=time_of(facts.get("CreationDate", "")), modified=time_of(facts.get("ModDate", "")), headings=headings,
        )  # fmt: skip


def _limit() -> None:
    """Bound what reading may take of the machine."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _limit()
    try:
        answer = _read(sys.stdin.buffer.read())
    except Exception as error:
        answer = Pdf(problem=" ".join(str(error).split())[:300] or type(error).__name__)
    sys.stdout.buffer.write(msgspec.json.encode(answer))
