"""What reads text that strangers chose, each as a function of that text, and pieces that such text may repeat."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import get_args

from lightship.core import urls
from lightship.core.errors import LightshipError
from lightship.core.model import Document, check_document, clean_text
from lightship.core.unicode import Form, normalize
from lightship.crawler.parsing.encodings.media import ASCIIDOC, HTML, MAIL, MARKDOWN, PDF, RST, RTF, SUBRIP, TYPES, XML
from lightship.crawler.parsing.read import document_of, read_page
from lightship.crawler.parsing.signals.fingerprint import fingerprint
from lightship.documents.language import detect_language
from lightship.index.analysis.title_key import title_keys
from lightship.index.analysis.versions import analysis_of
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.highlight.snippet import Highlighter
from lightship.index.query.compiler import compile_query
from lightship.index.query.language.parser import parse_query
from lightship.index.writer import to_tantivy
from lightship.searchengine.search.request import read_lookup, read_request

URL = "https://example.org/page"
KINDS = (
    *sorted(TYPES.keys() - {PDF}),
    "",
    "text/html; charset=shift_jis",
)  # of pages; PDFium, in C, has fuzzers of its own
QUERY = 16 << 10  # bytes of a query string that are read

# Neighbours are of different combining classes, so that their order must be changed: U+0F73 and the halfwidth marks are
# of class 0, but not what NFKD makes of them
MARKS = (
    "\u0301\u0323", "\u0301\u0327\u031b\u0334", "\u064e\u0651", "\u05b4\u05b0", "\u0f73\u0f81", "\uff9e\u0323", "\uff9f\u0f75",
    "\u0344\u093c", "\U0001d16d\U0001d167", "\u3099\u302a",
)  # fmt: skip
SUSPECTS = (
    *MARKS, "a\u0301\u0323", "İ", "Σ\u0301", "ﷺ", "각", "กำ", "က\u1039", "\u17d2", "搜", "ﾊﾟ", "😀\u200d", "🇩🇪", "a'", "l'a", "'s",
    "a.", "a-", "aB", "A", "1,000", "1.", "C++ ", "#", "http://", "www.", "site:a ", '"a" ', "(", ")", "-a ", "a* ", "NOT ", "a OR ",
    " ", "\n", "\u00ad", "\u200b", "-", "\u2500", "%CC%81", "%", "xn--", "/", "?a=", "&", "&amp;", "<b>", "<", "\x1e", "न्त", "é",
)  # fmt: skip


def document(text: str) -> None:
    """A document, from the crawler or a file to the index: any part of it can be the long one."""
    for made in (
        Document(url=URL, title=text, headings=[text], description=text, text=text, language="hi"),
        Document(url=URL, title=text[:1000], text=text, fields={"a": text, text[:1000]: [text]}),
        Document(url=f"https://{text[:600]}/{text[:1000]}", text=text[:1000], language="fr"),
    ):
        with contextlib.suppress(LightshipError):
            checked = check_document(made)
            detect_language(checked.text)
            to_tantivy(checked)


def page(text: str) -> None:
    """A page that a website sends."""
    for body in (text, f"<title>{text}</title><h1>{text}</h1><a href='{text}'>{text}</a><p>{text}"):
        with contextlib.suppress(LightshipError):
            document_of(read_page(body.encode("utf-8", "replace"), HTML, URL), URL)


def markdown(text: str) -> None:
    """A Markdown file, with the text in its front matter and after it."""
    for block in (
        f"---\ntitle: {text}\n---\n",
        f"---\n{text}\n---\n",
        f"+++\n{text}\n+++\n",
        f"{{{text}}}\n",
        f'{{"a": {text}}}\n',
    ):
        with contextlib.suppress(LightshipError):
            document_of(read_page(f"{block}{text[:1000]}".encode("utf-8", "replace"), MARKDOWN, URL), URL)


def markup(text: str) -> None:
    """A text of another kind, with the text where it is read differently."""
    for kind, body in (
        (RST, text),
        (RST, f":{text}"),
        (ASCIIDOC, text),
        (ASCIIDOC, f":a: {text}\n{{a}}"),
        (RTF, f"{{\\rtf1 {text}"),
        (SUBRIP, f"00:01.000 --> 00:02.000\n{text}"),
        (MAIL, f"Subject: {text}\nFrom: {text}\nDate: {text}\n\n{text}"),
        (XML, f"<?xml-stylesheet?><a>{text}"),
    ):
        with contextlib.suppress(LightshipError):
            document_of(read_page(body.encode("utf-8", "replace"), kind, URL), URL)


def link(text: str) -> None:
    """A link on a page."""
    for each in (text, f"https://{text}/", f"/{text}", f"?{text}"):
        urls.normalise(each, URL)


def words(text: str) -> None:
    """What is computed from a text elsewhere than in a document."""
    clean_text(text)
    fingerprint(text)
    title_keys(text)
    for version in range(1, SCHEMA_VERSION + 1):
        analysis_of(version).split(text)
        analysis_of(version).analyze_word(text, "en")
    for form in get_args(Form):
        normalize(form, text)


def query(text: str) -> None:
    """A query, as far as an index is not needed, and the passage that is shown for it."""
    for given in (text, f"site:{text}", f'"{text}"', f"intitle:{text}", f"https://{text}"):
        with contextlib.suppress(LightshipError):
            asked = b"url=a&q=" + given.encode("utf-8", "replace")[: QUERY - 8].replace(b"&", b"+")
            read_lookup(asked)
            parsed = parse_query(read_request(asked).query)
            for version in range(1, SCHEMA_VERSION + 1):
                compiled = compile_query(parsed, version, ["en", "de", "ru"], "")
                assert parsed.is_empty or compiled.query
                Highlighter(compiled, lambda _: 1).snippet(text.encode("utf-8", "replace"), "en")


READERS: dict[str, Callable[[str], None]] = {
    reader.__name__: reader for reader in (document, page, markdown, markup, link, words, query)
}


def repeated(piece: str, length: int) -> str:
    """Return a text of `length` characters: `piece` again and again, or each of its characters in a run of its own."""
    return (piece * (length // len(piece) + 1))[:length]


def in_runs(piece: str, length: int) -> str:
    """Return a text of about `length` characters: each character of `piece` again and again, then the next."""
    return "".join(character * (length // len(piece)) for character in piece)


def seconds(read: Callable[[str], None], text: str, times: int = 3) -> float:
    """Return the processor time of reading `text`: the least of `times`, or the first if that is long."""
    least = float("inf")
    for _ in range(times):
        began = time.process_time()
        read(text)
        least = min(least, time.process_time() - began)
        if least > 1:
            break
    return least
