"""Languages are told by script, frequent words and letters; a page's declaration is trusted if its script allows it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.model import Document
from lightship.documents.frequent_words import LETTERS, WORDS
from lightship.documents.language import can_be_in, detect_language, primary_subtag, words_of

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
    "hi": "सभी मनुष्य जन्म से स्वतंत्र हैं और उनके अधिकार समान हैं", "mr": "सर्व माणसे जन्मतः स्वतंत्र आहेत आणि त्यांना समान हक्क आहेत",
    "ne": "सबै मानिस जन्मैदेखि स्वतन्त्र छन् र तिनको अधिकार समान हुन्छ भन्ने हो", "ps": "ټول انسانان د حقونو له مخې سره برابر دي او آزاد دي",
    "kk": "Барлық адамдар тең құқықты болып туады және олар бір-біріне туыстық қарым-қатынас жасауы керек", "yi": "די מענטשן זײנען אױף דער װעלט פֿרײ און גלײך",
    "bg": "Всички хора се раждат свободни и равни по права и трябва да бъдат като братя", "mn": "Хүн бүр төрж байхдаа эрх чөлөөтэй бөгөөд тэр нь ижил байна",
    "sr": "Сва људска бића се рађају слободна и једнака и треба да једни према другима буду као браћа",
    "en": "All human beings are born free and equal in dignity and rights.", "de": "Alle Menschen sind frei und gleich an Würde und Rechten geboren.",
    "fr": "Tous les êtres humains naissent libres et égaux en dignité et en droits.", "it": "Tutti gli esseri umani nascono liberi ed eguali in dignità e diritti, e sono dotati di ragione.",
    "es": "Todos los seres humanos nacen libres e iguales en dignidad y derechos, y deben comportarse como hermanos unos con otros.",
    "pt": "Todos os seres humanos nascem livres e iguais em dignidade e em direitos; não são mais do que irmãos uns para com os outros.",
    "nl": "Alle mensen worden vrij en gelijk in waardigheid en rechten geboren, en zij zijn met verstand begiftigd.",
    "da": "Alle mennesker er født frie, og de bør handle mod hverandre i en broderskabets ånd efter det, som loven siger af sig selv.",
    "no": "Alle mennesker er født frie, og de bør handle mot hverandre i brorskapets ånd etter det som loven sier av seg selv.",
    "sv": "Alla människor är födda fria och lika i värde och rättigheter, och de bör handla mot varandra i en anda av broderskap.",
    "fi": "Kaikki ihmiset syntyvät vapaina ja tasavertaisina, ja heidän on toimittava toisiaan kohtaan kuten veljet, sillä he ovat järkeviä.",
    "hu": "Minden emberi lény szabadon születik és egyenlő, és ezért egymással szemben úgy kell hogy viselkedjenek, mint a testvérek.",
    "pl": "Wszyscy ludzie rodzą się wolni i równi, są obdarzeni rozumem i powinni postępować wobec innych w duchu braterstwa.",
    "cs": "Všichni lidé se rodí svobodní a sobě rovní; jsou nadáni rozumem a mají spolu jednat v duchu bratrství.",
    "sk": "Všetci ľudia sa rodia slobodní a sú si rovní; majú rozum a majú sa k sebe správať v duchu bratstva, ktorý je im daný.",
    "sl": "Vsi ljudje se rodijo svobodni in imajo enako dostojanstvo; obdarjeni so z razumom, zato naj bi ravnali kot bratje.",
    "hr": "Sva ljudska bića rađaju se slobodna i jednaka, ona su obdarena razumom i treba da jedna prema drugima postupaju kao braća što jesu.",
    "ro": "Toate ființele umane se nasc libere și egale în demnitate și în drepturi.", "tr": "Bütün insanlar hür ve haklar bakımından eşit doğarlar, bu yüzden birbirlerine karşı kardeş gibi olmalı ve öyle davranmalıdır.",
    "vi": "Mọi người sinh ra đều được tự do và bình đẳng về quyền lợi.", "id": "Semua orang dilahirkan merdeka dan mempunyai hak yang sama.",
}  # fmt: skip


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("write", [str, str.lower, str.upper, str.title])
def test_the_case_of_a_text_is_not_its_language(language: str, write: Callable[[str], str]) -> None:
    assert detect_language(write(TEXTS[language])) == language


@pytest.mark.parametrize(
    "text",
    [
        "ADSI: IADsPropertyList::get_PropertyCount, HRESULT S_OK 0x80005008, ppDispatch [out] LPDISPATCH* lnNumValues, ADSTYPE 27\n" * 9,
        "for i in range(10):\n    x[i] = de.la(og, i) + er[i] * 3.14  # TODO\n" * 20, "12 | 3.5 | kg | m | A | I | a | i\n" * 40,
        "Sechskantschraube M8 verzinkt", "Fjord", "Санкт-Петербург", "हिन्दी", "कार्यालय सूचना पत्र", "東京大学", "", "\ud800", "7",
    ],
)  # fmt: skip
def test_a_text_without_frequent_words_is_in_no_language(text: str) -> None:
    assert detect_language(text) is None


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert detect_language(unicodedata.normalize("NFD", TEXTS["vi"])) == "vi"
    assert detect_language(unicodedata.normalize("NFD", TEXTS["ro"])) == "ro"


@given(st.text(max_size=3000), st.none() | st.sampled_from(["en", "de", "zh", "ru", "xx"]))
def test_any_text_has_one_language_or_none(text: str, declared: str | None) -> None:
    found = detect_language(text, declared)
    assert found is None or can_be_in(found, text) or found == declared


@pytest.mark.parametrize("table", [WORDS, LETTERS])
def test_frequent_words_are_as_texts_are_compared_with_them(table: dict[str, str]) -> None:
    for signs in table.values():
        assert signs == unicodedata.normalize("NFC", signs.lower())
        assert "’" not in signs
    assert all(len(set(words.split())) == len(words.split()) for words in WORDS.values())


def test_a_short_document_is_known_by_all_that_it_says() -> None:
    short = Document(url="https://example.org/", title="Die Schraube ist", headings=["für Holz"], text="und Metall")
    assert detect_language(words_of(short)) == "de"
    assert words_of(Document(url="https://example.org/", title="Die", text=ENGLISH * 3)) == ENGLISH * 3


@pytest.mark.parametrize("language", TEXTS)
def test_languages_are_told_by_their_scripts_and_letters(language: str) -> None:
    assert detect_language(TEXTS[language]) == language
    if not can_be_in("en", TEXTS[language]):
        assert detect_language(TEXTS[language], "en") == language  # a template's word
    assert detect_language(TEXTS[language], language) == language


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("short", None, None), ("short", "de", "de"), (ENGLISH, None, "en"), (ENGLISH, "zh", "en"), (ENGLISH, "nl", "nl"),
        (ENGLISH, "ar", "en"), ("搜索引擎", "ja", "ja"), ("Привет", None, None), ("Привет", "kk", "kk"), ("Привет", "os", "os"),
        ("English with 一些 Chinese words in it, but not many of them at all", None, "en"), ("", None, None), ("", "fr", "fr"),
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


def test_the_words_and_letters_of_a_language_are_counted_in_a_byte() -> None:
    for language in WORDS:
        assert len(set(WORDS[language].split())) + len(set(LETTERS.get(language, ""))) < 256
