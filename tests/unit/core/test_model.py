from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.errors import InvalidDocumentError, TooLargeError
from lightship.core.model import (
    MAX_DOCUMENT_BYTES,
    MAX_URL_BYTES,
    PARTITIONS,
    Change,
    Document,
    check_document,
    check_url,
    clean_text,
    partition_of,
    shard_of,
    site_of,
    url_digest,
)

URL = "https://example.org/"
ANY_TEXT = st.text(st.characters(), max_size=60)  # with control characters and lone surrogates


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org",
        "http://example.org:8080/a?b=c#d",
        "HTTPS://EXAMPLE.ORG/",
        "https://[::1]:8080/",
        "https://中文.example/搜索?é",
        "file:///srv/notes/a%20b.md",
        "urn:isbn:9780141036144",
        "mailto:someone@example.org",
        "article-clock:news",
        "https://example.org/" + "a" * (MAX_URL_BYTES - 20),
    ],
)
def test_absolute_urls_are_keys(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "not an absolute url"),
        ("news", "not an absolute url"),
        ("/a/b", "not an absolute url"),
        ("//example.org/", "not an absolute url"),
        ("https:", "not an absolute url"),
        ("1http://example.org", "not an absolute url"),
        ("https://example.org/a b", "not an absolute url"),
        (" https://example.org/", "not an absolute url"),
        ("https://example.org/\n", "not an absolute url"),
        ("https://example.org/\0", "not an absolute url"),
        ("https://example.org/\x7f", "not an absolute url"),
        ("https://example.org/\u2028", "not an absolute url"),
        ("https://example.org/\ud800", "not an absolute url"),
        ("https://", "not an absolute url|no valid host"),
        ("http:///path", "no valid host"),
        ("http:path", "no valid host"),
        ("https://user@/", "no valid host"),
        ("https://[::1", "no valid host"),
        ("javascript:alert(1)", "scheme"),
        ("JavaScript:alert(1)", "scheme"),
        ("data:text/html,x", "scheme"),
        ("https://example.org/" + "é" * 1020, "url of 2060 bytes: the limit is 2048"),
    ],
)
def test_what_is_no_url_is_told(url: str, reason: str) -> None:
    with pytest.raises(InvalidDocumentError, match=reason):
        check_url(url)
    with pytest.raises(InvalidDocumentError, match=reason):
        check_document(Document(url=url))


@given(
    st.sampled_from(["", "https://", "http://a", "https://[", "x:"]).flatmap(lambda start: ANY_TEXT.map(start.__add__))
)
def test_an_accepted_url_can_be_a_key(text: str) -> None:
    try:
        url = check_url(text)
    except InvalidDocumentError as error:
        assert str(error).isprintable()  # one line of a log
    else:
        assert url == text
        assert not any(character.isspace() or character < " " for character in url)
        assert 0 <= partition_of(url) < PARTITIONS
        assert site_of(url) == site_of(url).lower()
        assert len(url_digest(url)) == 16


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://Example.ORG/Path", "example.org"),
        ("https://user:secret@example.org:8080/", "example.org:8080"),
        ("https://[2001:DB8::1]:80/", "[2001:db8::1]:80"),
        ("file:///a", ""),
        ("urn:isbn:1", ""),
        ("https://[", ""),
    ],
)
def test_site(url: str, site: str) -> None:
    assert site_of(url) == Document(url=url).site == site


def test_partitions_are_the_same_on_every_machine_and_for_ever() -> None:
    urls = ["https://example.org/", "https://example.org/news", "https://中文.example/"]
    assert [partition_of(url) for url in urls] == [16, 31, 47]
    assert [shard_of(partition, 3) for partition in range(7)] == [0, 1, 2, 0, 1, 2, 0]


def test_urls_are_spread_evenly() -> None:
    counts = [0] * PARTITIONS
    for number in range(6400):
        counts[partition_of(f"https://example.org/{number}")] += 1
    assert 50 < min(counts) <= max(counts) < 160


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("a\tb\nc\rd", "a\tb\nc\rd"),
        ("a\0b\x1bc\x7fd", "a b c d"),
        ("a\ud800b\udfffc", "a\ufffdb\ufffdc"),
        ("中文 é \U0001d11e", "中文 é \U0001d11e"),
    ],
)
def test_clean_text(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(ANY_TEXT)
def test_clean_text_can_be_encoded_and_is_clean(text: str) -> None:
    clean = clean_text(text)
    clean.encode()  # raises for a lone surrogate
    assert len(clean) == len(text)
    assert clean_text(clean) == clean
    assert all(one == other or not one.isprintable() for one, other in zip(text, clean, strict=True))


SCALARS = ANY_TEXT | st.integers(-(2**70), 2**70) | st.floats() | st.booleans()
TIMES = st.none() | st.datetimes(timezones=st.none() | st.timezones())
DOCUMENTS = st.builds(
    Document,
    url=st.just(URL),
    title=ANY_TEXT,
    text=ANY_TEXT,
    headings=st.lists(ANY_TEXT, max_size=3),
    description=ANY_TEXT,
    language=st.none() | ANY_TEXT | st.sampled_from(["en", "EN-us"]),
    modified=TIMES,
    fetched=TIMES,
    fields=st.dictionaries(ANY_TEXT, SCALARS | st.lists(SCALARS, max_size=3), max_size=3),
)


@given(DOCUMENTS)
def test_a_checked_document_can_be_stored_and_shown(document: Document) -> None:
    try:
        checked = check_document(document)
    except InvalidDocumentError:
        return
    assert check_document(checked) == checked
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(checked), type=Document) == checked
    assert msgspec.json.decode(msgspec.json.encode(checked), type=Document) == checked
    for time, given_time in ((checked.modified, document.modified), (checked.fetched, document.fetched)):
        assert time is None or time.tzinfo == UTC
        assert (time is None) == (given_time is None)


@pytest.mark.parametrize(
    ("given_time", "time"),
    [
        (datetime(2024, 5, 6, 7, 8), datetime(2024, 5, 6, 7, 8, tzinfo=UTC)),
        (datetime(2024, 5, 6, 7, 8, tzinfo=timezone(timedelta(hours=2))), datetime(2024, 5, 6, 5, 8, tzinfo=UTC)),
        (None, None),
    ],
)
def test_times_become_utc(given_time: datetime | None, time: datetime | None) -> None:
    assert check_document(Document(url=URL, modified=given_time)).modified == time
    assert check_document(Document(url=URL, fetched=given_time)).fetched == time


@pytest.mark.parametrize(
    "document",
    [
        Document(url=URL, modified=datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))),
        Document(url=URL, fields={"n": math.inf}),
        Document(url=URL, fields={"n": [1, math.nan]}),
        Document(url=URL, fields={"n": 2**64}),
        Document(url=URL, fields={"n": [-(2**63) - 1]}),
    ],
)
def test_values_that_can_not_be_stored_are_told(document: Document) -> None:
    with pytest.raises(InvalidDocumentError, match=URL):
        check_document(document)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("EN-us", "en"),
        ("zh_Hans_CN", "zh"),
        (" de ", "de"),
        ("haw", "haw"),
        ("", None),
        ("  ", None),
        (None, None),
        ("x-private", None),
        ("e1", None),
        ("\0\ud800", None),
        ("averylongname", None),
    ],
)
def test_language_becomes_a_primary_subtag(tag: str | None, language: str | None) -> None:
    assert check_document(Document(url=URL, language=tag)).language == language


@pytest.mark.parametrize(
    "document",
    [
        Document(url=URL, text="a" * (MAX_DOCUMENT_BYTES + 1)),
        Document(url=URL, text="a" * MAX_DOCUMENT_BYTES),  # fits, but not with its url
        Document(url=URL, text="搜" * (MAX_DOCUMENT_BYTES // 2)),
        Document(url=URL, headings=["ab"] * (MAX_DOCUMENT_BYTES // 3 + 1)),
        Document(url=URL, fields={"field": "a" * MAX_DOCUMENT_BYTES}),
        Document(url=URL, text="\ud800" * (MAX_DOCUMENT_BYTES // 2)),
    ],
)
def test_a_document_over_the_limit_is_told_by_its_bytes(document: Document) -> None:
    with pytest.raises(TooLargeError, match=f"{URL} has .* bytes: the limit is {MAX_DOCUMENT_BYTES}"):
        check_document(document)


def test_a_document_at_the_limit_is_accepted() -> None:
    room = MAX_DOCUMENT_BYTES - len(msgspec.msgpack.encode(Document(url=URL, text="a" * 70_000))) + 70_000
    document = Document(url=URL, text="a" * room)
    assert check_document(document) == document
    with pytest.raises(TooLargeError):
        check_document(Document(url=URL, text="a" * (room + 1)))


def test_changes() -> None:
    document = Document(url=URL)
    assert Change.put(document) == Change(URL, document)
    assert Change.delete(URL) == Change(URL, None)


def test_documents_do_not_share_their_lists() -> None:
    assert Document(url=URL).headings is not Document(url=URL).headings
    assert Document(url=URL).fields is not Document(url=URL).fields
    assert Document.__struct_config__.frozen
