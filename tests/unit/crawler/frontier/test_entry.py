"""What a visit means for a page: whether its document is put, and whether the page has changed."""

from __future__ import annotations

from typing import Any

import pytest

from lightship.core.model import Change, Document
from lightship.crawler.frontier.entry import Entry, Kind, Outcome, State
from lightship.crawler.parsing.signals.fingerprint import NEAR

URL = "https://example.org/a"
DOCUMENT = Document(url=URL, title="A", text="text")
ENTRY = Entry(
    url=URL, site="https://example.org", depth=1, hops=0, state=State.PAGE, visit=1.0, failures=0, etag=None,
    last_modified=None, digest=b"old", own=False, kind=Kind.PAGE, fetched=1.0, interval=60.0, content=b"old text",
    fingerprint=0b1111, doomed=None,
)  # fmt: skip


def outcome(**changes: Any) -> Outcome:
    return Outcome(**{"entry": ENTRY, "state": State.PAGE, "status": 200, "content": b"new text", **changes})


def test_a_document_is_put_when_the_log_has_another_one_or_none() -> None:
    assert outcome(document=DOCUMENT, digest=b"new").change == Change.put(DOCUMENT)
    assert outcome(document=DOCUMENT, digest=b"old").change is None
    new = ENTRY._replace(state=State.NEW, digest=None)
    assert outcome(entry=new, document=DOCUMENT, digest=b"old").change == Change.put(DOCUMENT)


def test_what_has_no_document_changes_nothing_in_the_log() -> None:
    for state in (State.GONE, State.MOVED, State.EXCLUDED, State.DUPLICATE):
        assert outcome(state=state).change is None


@pytest.mark.parametrize("visit", [{"status": 304}, {"status": 500, "failed": True}, {"status": 0, "failed": True}])
def test_a_visit_that_failed_or_found_nothing_modified_keeps_the_page(visit: dict[str, Any]) -> None:
    assert outcome(**visit).kept
    assert not outcome(**visit).changed


def test_a_page_is_changed_when_its_text_is_far_from_what_it_was() -> None:
    near = ENTRY.fingerprint ^ ((1 << NEAR) - 1) << 10
    assert not outcome(content=ENTRY.content).changed
    assert not outcome(fingerprint=near).changed  # a date, or a counter
    assert outcome(fingerprint=near ^ 1 << 40).changed
    assert outcome(fingerprint=0).changed  # too short to tell


def test_a_page_that_became_something_else_is_changed() -> None:
    assert outcome(state=State.GONE, content=ENTRY.content).changed
    assert outcome(state=State.EXCLUDED, fingerprint=ENTRY.fingerprint).changed
