"""Pages in the world's encodings are decoded, whether declared, undeclared or declared wrongly."""

from __future__ import annotations

import codecs
import itertools

import pytest

from lightship.core.errors import InvalidDocumentError
from lightship.crawler.parsing.encodings.codecs import codec_of
from lightship.crawler.parsing.encodings.decode import decode, read_characters

TEXTS = {
    "gb18030": "搜索引擎是一种信息检索系统，用于帮助查找存储在计算机系统上的信息。",
    "gb2312": "新闻中心：北京市海淀区的科技公司昨天发布了年度报告。",
    "big5": "搜尋引擎是一種資訊檢索系統，用於幫助查找儲存在電腦系統上的資訊。",
    "big5hkscs": "香港嘅搜尋引擎係一種資訊檢索系統，佢哋喺度揾嘢。",
    "shift_jis": "検索エンジンは情報検索システムです。東京都でカタカナとひらがなを使います。",
    "euc_jp": "検索エンジンは情報検索システムです。東京都でカタカナとひらがなを使います。",
    "iso2022_jp": "検索エンジンは情報検索システムです。東京都でカタカナとひらがなを使います。",
    "euc_kr": "검색 엔진은 컴퓨터 시스템에 저장된 정보를 찾아주는 시스템입니다.",
    "cp1250": "Příliš žluťoučký kůň úpěl ďábelské ódy. Vyhledávač je systém pro vyhledávání informací.",
    "cp1251": "Поисковая система помогает находить информацию на компьютерах и в сети.",
    "koi8-r": "Поисковая система помогает находить информацию на компьютерах и в сети.",
    "cp1252": "Über uns: die Suchmaschine findet Größen, Maße und “Zitate” – auch café à la crème.",
    "cp1253": "Η μηχανή αναζήτησης είναι ένα σύστημα που βοηθά στην εύρεση πληροφοριών.",
    "cp1254": "Arama motoru, şirketiniz hakkında bilgi bulmanıza yardımcı olan çağdaş bir sistemdir, değil mi?",
    "cp1255": "מנוע חיפוש הוא מערכת לאחזור מידע השמור במחשבים.",
    "cp1256": "محرك البحث هو نظام لاسترجاع المعلومات يساعد في العثور على المعلومات المخزنة.",
    "utf-8": "搜索引擎 Поисковая система محرك البحث Suchmaschinenmaße",
}
SHORT = {
    "gb18030": "关于我们", "big5": "關於我們", "shift_jis": "会社概要", "euc_jp": "会社概要", "euc_kr": "회사 소개",
    "cp1251": "Контакты", "utf-8": "关于我们",
}  # fmt: skip


def page(text: str, head: str = "") -> str:
    return f"<html><head>{head}<title>{text[:8]}</title></head><body><p>{text}</p></body></html>"


PLACES = ("nowhere", "header", "meta", "http-equiv", "xml", "comment and meta")
UNKNOWN = ("nowhere", "big5hkscs")  # the detector's statistics have no Cantonese characters: these have to be declared


@pytest.mark.parametrize(("where", "encoding"), sorted({*itertools.product(PLACES, TEXTS)} - {UNKNOWN}))
def test_declared_and_undeclared(encoding: str, where: str) -> None:
    label = {"cp1250": "windows-1250"}.get(encoding, encoding.replace("_", "-").replace("cp125", "windows-125"))
    label = "big5-hkscs" if encoding == "big5hkscs" else "iso-2022-jp" if encoding == "iso2022_jp" else label
    head = {
        "meta": f"<META CHARSET = '{label}'>",
        "http-equiv": f'<meta content="text/html; charset={label}" http-equiv="Content-Type" />',
        "comment and meta": f"<!-- <meta charset=utf-16> --><meta name=charset content='charset=koi8-r'><meta charset={label}>",
    }.get(where, "")
    text = page(TEXTS[encoding], head)
    if where == "xml":
        text = f'<?xml version="1.0" encoding="{label}"?>' + text
    header = f'text/html; charset="{label.upper()}"' if where == "header" else "text/html"
    assert decode(text.encode(encoding), header) == text


@pytest.mark.parametrize("encoding", SHORT)
def test_short_undeclared_texts(encoding: str) -> None:
    text = page(SHORT[encoding])
    assert decode(text.encode(encoding)) == text


WRONG = ("utf-8", "iso-8859-1", "windows-1252", "us-ascii", "utf-16", "nonsense")
RIGHT = ("gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "koi8-r", "utf-8")


# Texts in other encodings than these two can be ones in GB 18030 too: there the author is believed
@pytest.mark.parametrize(
    ("wrong", "encoding"), [*itertools.product(WRONG, RIGHT), ("gb2312", "gb18030"), ("gb2312", "utf-8")]
)
def test_what_is_declared_wrongly_is_not_believed(encoding: str, wrong: str) -> None:
    text = page(TEXTS[encoding])
    assert decode(text.encode(encoding), f"text/html; charset={wrong}") == text
    text = page(TEXTS[encoding], f"<meta charset={wrong}>")
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("bom", "encoding"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF32_BE, "utf-32-be"),
        (b"", "utf-32-le"),
        (b"", "utf-32-be"),
    ],
)
def test_utf_16_and_32(bom: bytes, encoding: str) -> None:
    for text in TEXTS.values():
        assert decode(bom + page(text).encode(encoding)) == page(text)


@pytest.mark.parametrize("label", ["utf-16le", "UTF-16BE", "utf-32", "UTF-32LE", "utf-32be"])
def test_plain_texts_of_wide_characters(label: str) -> None:
    for text in (f"{text}\n" for text in TEXTS.values()):
        assert decode(text.encode("utf-32-le" if label == "utf-32" else label), f"text/plain; charset={label}") == text


def test_a_byte_order_mark_is_stronger_than_all_words() -> None:
    text = page(TEXTS["utf-8"], "<meta charset=gbk>")
    assert read_characters(codecs.BOM_UTF8 + text.encode(), "text/html; charset=big5") == (text, "utf-8")


def test_a_few_broken_bytes_change_nothing() -> None:
    text = page(TEXTS["utf-8"] * 20)
    assert decode(text.encode() + b"\xff\xfe") == text + "\ufffd\ufffd"
    assert decode(text.encode()[:-20] + "中".encode()[:2], "text/html; charset=utf-8").startswith(text[:-30])


def test_characters_that_only_browsers_have_in_an_encoding() -> None:
    assert decode(b"<p>\xad\xa1\xad\xea", "text/html; charset=euc-jp") == "<p>①㈱"
    assert decode(b"<p>\x87\x40\x87\x8a", "text/html; charset=shift_jis") == "<p>①㈱"
    assert decode("<p>똠뷁한".encode("cp949"), "text/html; charset=euc-kr") == "<p>똠뷁한"


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("GB2312", "gb18030"), (" gbk ", "gb18030"), ("x-sjis", "cp932"), ("windows-31j", "cp932"), ("latin1", "cp1252"),
        ("ks_c_5601-1987", "cp949"), ("cp949", "cp949"), ("big5-hkscs", "big5hkscs"), ("utf8", "utf-8"),
        ("x-mac-cyrillic", "mac_cyrillic"), ("windows-874", "cp874"), ("iso-8859-9", "cp1254"), ("unicode", "utf-16-le"),
        ("utf-7", None), ("rot13", None), ("zlib", None), ("", None), (None, None), ("x" * 10_000, None),
    ],
)  # fmt: skip
def test_names_of_encodings(label: str | None, codec: str | None) -> None:
    assert codec_of(label) == codec
    if codec:
        "".encode(codec)


@pytest.mark.parametrize(
    "body", [b"%PDF-1.7 \x80\x81", b"PK\x03\x04" + bytes(40), bytes(range(256)) * 8, b"\x89PNG\r\n\x1a\n" + bytes(80)]
)
def test_binaries_are_refused(body: bytes) -> None:
    with pytest.raises(InvalidDocumentError, match="binary"):
        decode(body, "text/html; charset=windows-1252")
