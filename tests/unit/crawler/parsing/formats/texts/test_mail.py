"""Messages."""

from __future__ import annotations

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.media import MAIL
from lightship.crawler.parsing.read import read_page

URL = "http://a.example/message.eml"


def message(subject: str = "Grüße und mehr", text: str = "First wörds\r\nof it.\r\n\r\n> quoted\r\n") -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Jürgen <j@example.org>", "x@example.org", subject
    made["Date"], made["Message-ID"] = "Sat, 03 Feb 2024 04:05:06 +0100", "<1@example.org>"
    made.set_content(text, cte="quoted-printable")
    return made


def test_a_message() -> None:
    page = read_page(bytes(message()), MAIL, URL)
    assert (page.title, page.author, page.type) == ("Grüße und mehr", "Jürgen", "mail")
    assert page.published == datetime(2024, 2, 3, 3, 5, 6, tzinfo=UTC)
    assert page.text == "First wörds of it.\n\n> quoted"


def test_its_parts() -> None:
    made, inner = message(), message("Forwarded", "Inside.")
    made.add_alternative("<p>Rich</p>", subtype="html")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="reçu 7.pdf")
    made.add_attachment(inner)
    page = read_page(bytes(made), MAIL, URL)
    assert page.text.split("\n\n") == ["First wörds of it.", "> quoted", "reçu 7.pdf", "Forwarded", "Inside."]
    assert [each.heading for each in page.sections] == ["Forwarded"]


def test_only_html() -> None:
    made = message()
    made.set_content("<style>x</style><title>no</title><h1>Big</h1><p>news<script>y</script>", subtype="html")
    assert read_page(bytes(made), MAIL, URL).text == "Big\n\nnews"


@pytest.mark.parametrize(
    ("headers", "title", "author"),
    [
        ("Subject: Grüße", "Grüße", ""), ("Subject: =?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab", ""), ("Subject: =?nowhere?q?a?=", "a", ""),
        ("Subject: =?utf-8?b?!?=", "", ""), ("From: " + "(" * 2000, "", ""), ("Subject:\r\nFrom: a@b.c", "", "a@b.c"), ("From: =?koi8-r?q?=F0?= <a@b.c>", "", "П"),
    ],
)  # fmt: skip
def test_headers(headers: str, title: str, author: str) -> None:
    page = read_page(
        f"{headers}\r\nDate: nonsense\r\nContent-Type: text/plain; charset=x\r\n\r\nBody".encode(), MAIL, URL
    )
    assert (page.title, page.author, page.text, page.published) == (title, author, "Body", None)


def nested(depth: int) -> bytes:
    head = b"Subject: x\r\n"
    for number in range(depth):
        head += b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number)
    return head + b"\r\ndeep"


def test_hostile_ones_are_bounded() -> None:
    assert read_page(nested(10), MAIL, URL).text == "deep"
    for body in (nested(5000), b"", b"\0" * 1000, b"Just text"):
        with pytest.raises(InvalidDocumentError, match="not a message"):
            read_page(body, MAIL, URL)
