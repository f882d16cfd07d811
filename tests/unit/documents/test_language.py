"""Languages are detected by script and letters; a page's declaration is trusted if its script allows it."""

from __future__ import annotations

import pytest

from lightship.documents.language import detect_language, primary_subtag

ENGLISH = (
    "A search engine finds documents that people look for, and it has to be quick about that, whatever they ask for. "
    * 2
)
TEXTS = {
    "zh": "搜索引擎是一种信息检索系统。", "ja": "検索エンジンは情報検索システムです。", "ko": "검색 엔진은 정보 검색 시스템입니다.",
    "ru": "Поисковая система — это программа, мы ищем её.", "uk": "Пошукова система — це програма для її пошуку.",
    "be": "Пошукавая сістэма — гэта праграма, якую мы ўжываем.", "ar": "محرك البحث هو نظام لاسترجاع المعلومات",
    "fa": "موتور جستجو سامانه‌ای برای بازیابی گسترده اطلاعات است", "ur": "تلاش کا انجن معلومات ڈھونڈنے کا نظام ہے",
    "he": "מנוע חיפוש הוא מערכת לאחזור מידע", "el": "Η μηχανή αναζήτησης", "th": "เครื่องมือค้นหา",
    "ka": "საძიებო სისტემა", "hy": "Որոնողական համակարգ", "ta": "தேடுபொறி", "bn": "অনুসন্ধান ইঞ্জিন হল একটি তথ্য পুনরুদ্ধার ব্যবস্থা যা মানুষ ব্যবহার করে",
}  # fmt: skip


@pytest.mark.parametrize("language", TEXTS)
def test_languages_are_told_by_their_scripts_and_letters(language: str) -> None:
    assert detect_language(TEXTS[language]) == language
    assert detect_language(TEXTS[language], "en") == language, "a template's word is not believed against the script"
    assert detect_language(TEXTS[language], language) == language


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("short", None, None), ("short", "de", "de"), (ENGLISH, None, "en"), (ENGLISH, "zh", "en"), (ENGLISH, "nl", "nl"),
        (ENGLISH, "ar", "en"), ("搜索引擎", "ja", "ja"), ("Привет", None, None), ("Привет", "kk", "kk"), ("Привет", "os", "os"),
        ("English with 一些 Chinese words in it, but not many of them at all", None, None), ("", None, None), ("", "fr", "fr"),
        ("print(x) " * 100 + TEXTS["ja"] * 200, None, "ja"),
    ],
)  # fmt: skip
def test_declared_and_mixed(text: str, declared: str | None, language: str | None) -> None:
    assert detect_language(text, declared) == language


@pytest.mark.parametrize(
    ("tag", "language"),
    [("en-GB", "en"), (" ZH_cn", "zh"), ("und", None), ("english", None), ("", None), (None, None), ("x", None)],
)
def test_primary_subtags(tag: str | None, language: str | None) -> None:
    assert primary_subtag(tag) == language
