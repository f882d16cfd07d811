"""Pages of many languages in their encodings: right text, right language, found by a query in their script."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from lightship.core.model import Document
from made import replica_of, urls
from mockweb.crawling import Crawl
from mockweb.site import MockSite


class Written(NamedTuple):
    """A page: its path, language, encoding, text, the declarations of its header and of itself, and a query for it."""

    path: str
    language: str
    encoding: str
    text: str
    header: str
    meta: str
    query: str


CHINESE = "搜索引擎是一种信息检索系统，用于帮助查找存储在计算机系统上的信息。"
TAIWANESE = "搜尋引擎是一種資訊檢索系統，用於幫助查找儲存在電腦系統上的資訊。"
JAPANESE = "検索エンジンとは、情報を検索するためのシステムです。東京でカタカナとひらがなを使います。"
KOREAN = "검색 엔진은 컴퓨터 시스템에 저장된 정보를 찾아 주는 시스템입니다."
ARABIC = "محرك البحث هو نظام لاسترجاع المعلومات المخزنة على الحواسيب ويساعد الناس في العثور عليها."
RUSSIAN = "Поисковая система помогает находить информацию, которую мы ищем на компьютерах и в сети."
GREEK = "Η μηχανή αναζήτησης είναι ένα σύστημα που βοηθά στην εύρεση πληροφοριών."

PAGES = [
    Written("/zh-declared", "zh", "gb18030", CHINESE, "", "gb2312", "信息检索"),
    Written("/zh-header", "zh", "gb18030", CHINESE.replace("信息", "图书"), "text/html; charset=GBK", "", "图书检索"),
    Written("/zh-detected", "zh", "gb18030", CHINESE.replace("信息", "论文"), "", "", "论文检索"),
    Written("/zh-utf8", "zh", "utf-8", CHINESE.replace("信息", "新闻"), "", "", "新闻检索"),
    Written("/zh-wrong", "zh", "gb18030", CHINESE.replace("信息", "法律"), "text/html; charset=ISO-8859-1", "", "法律检索"),
    Written("/tw-big5", "zh", "big5", TAIWANESE, "", "big5", "資訊檢索"),
    Written("/tw-detected", "zh", "big5", TAIWANESE.replace("資訊", "圖書"), "", "", "圖書檢索"),
    Written("/ja-sjis", "ja", "shift_jis", JAPANESE, "", "Shift_JIS", "検索エンジン"),
    Written("/ja-euc", "ja", "euc_jp", JAPANESE.replace("東京", "京都"), "", "", "京都"),
    Written("/ja-jis", "ja", "iso2022_jp", JAPANESE.replace("東京", "大阪"), "", "iso-2022-jp", "大阪"),
    Written("/ko-euc", "ko", "euc_kr", KOREAN, "", "euc-kr", "검색 엔진"),
    Written("/ko-detected", "ko", "euc_kr", KOREAN.replace("정보", "도서"), "", "", "도서"),
    Written("/ar-1256", "ar", "cp1256", ARABIC, "", "windows-1256", "المعلومات"),
    Written("/ar-utf8", "ar", "utf-8", ARABIC.replace("المعلومات", "الكتب"), "", "", "الكتب"),
    Written("/ru-1251", "ru", "cp1251", RUSSIAN, "", "windows-1251", "информацию"),
    Written("/ru-koi8", "ru", "koi8-r", RUSSIAN.replace("информацию", "новости"), "", "", "новости"),
    Written("/ru-utf16", "ru", "utf-16", RUSSIAN.replace("информацию", "погоду"), "", "", "погоду"),
    Written("/el-1253", "el", "cp1253", GREEK, "", "windows-1253", "αναζήτησης"),
]  # fmt: skip


@pytest.mark.parametrize("declared", ["", "en"], ids=["no language", "the language of a template"])
def test_pages_are_read_and_found(crawl: Crawl, site: MockSite, tmp_path: Path, declared: str) -> None:
    menu = "".join(f"<li><a href={page.path}>x</a></li>" for page in PAGES)
    site.page("/", f"<title>Start</title><ul>{menu}</ul>")
    for page in PAGES:
        meta = f'<meta charset="{page.meta}">' if page.meta else ""
        html = f"<html lang='{declared}'><head>{meta}<title>{page.query}</title></head><body><p>{page.text}</p></body></html>"
        site.page(page.path, html.encode(page.encoding), content_type=page.header or "text/html")
    found = crawl.once(site.url("/"))
    documents = {page: found[site.url(page.path)].document for page in PAGES}
    read = {
        page.path: (document.text, document.title, document.language)
        for page, document in documents.items()
        if document
    }
    assert read == {page.path: (page.text, page.query, page.language) for page in PAGES}
    replica = replica_of(
        tmp_path / "replica", [entry.document for entry in found.values() if isinstance(entry.document, Document)]
    )
    assert {page.path: urls(replica, page.query)[0] for page in PAGES} == {
        page.path: site.url(page.path) for page in PAGES
    }
