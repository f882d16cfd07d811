"""Signs that an answer with status 200 is not the requested page but an error page or a login page."""

from __future__ import annotations

import re

SHORT = 1000  # characters of main text; a page with more has content, even if it is about missing pages
SHELL = 120  # characters of main text of a page that is a shell for scripts: "You need to enable JavaScript …"
HARDLY_ANY = 500  # characters of main text next to a login form

# Phrases in titles and headings of error pages.
NOT_FOUND = {
    "en": ("page not found", "page cannot be found", "page can t be found", "page could not be found",
           "page couldn t be found", "page was not found", "page does not exist", "page doesn t exist",
           "page no longer exists", "page is not available", "page you requested was not found", "no such page",
           "file not found", "document not found", "url not found", "resource not found", "404 not found",
           "the requested url was not found"),
    "de": ("seite nicht gefunden", "seite wurde nicht gefunden", "seite konnte nicht gefunden werden",
           "seite existiert nicht", "datei nicht gefunden"),
    "fr": ("page introuvable", "page non trouvée", "page n existe pas", "page n a pas été trouvée",
           "page inexistante"),
    "es": ("página no encontrada", "página no existe", "no se encontró la página", "página no se ha encontrado",
           "no se ha encontrado la página"),
    "pt": ("página não encontrada", "página não existe", "página não foi encontrada"),
    "it": ("pagina non trovata", "pagina non esiste", "pagina inesistente"),
    "nl": ("pagina niet gevonden", "pagina bestaat niet", "pagina is niet gevonden"),
    "pl": ("nie znaleziono strony", "strona nie istnieje", "strona nie została znaleziona",
           "strony nie znaleziono"),
    "cs": ("stránka nenalezena", "stránka nebyla nalezena", "stránka neexistuje"),
    "sk": ("stránka sa nenašla", "stránka nebola nájdená", "stránka neexistuje"),
    "sv": ("sidan hittades inte", "sidan kunde inte hittas", "sidan finns inte"),
    "da": ("siden blev ikke fundet", "siden findes ikke", "siden kunne ikke findes"),
    "no": ("siden ble ikke funnet", "siden finnes ikke", "fant ikke siden"),
    "fi": ("sivua ei löydy", "sivua ei löytynyt", "sivua ei ole"),
    "hu": ("az oldal nem található", "a keresett oldal nem található"),
    "ro": ("pagina nu a fost găsită", "pagina nu există"),
    "tr": ("sayfa bulunamadı", "sayfa mevcut değil"),
    "el": ("η σελίδα δεν βρέθηκε", "η σελίδα δεν υπάρχει"),
    "ru": ("страница не найдена", "страница не существует", "страницы не существует", "такой страницы нет"),
    "uk": ("сторінку не знайдено", "сторінка не знайдена", "сторінки не існує"),
    "bg": ("страницата не е намерена", "страницата не съществува"),
    "ar": ("الصفحة غير موجودة", "لم يتم العثور على الصفحة", "لا يمكن العثور على الصفحة"),
    "fa": ("صفحه یافت نشد", "صفحه پیدا نشد", "صفحه مورد نظر یافت نشد"),
    "he": ("הדף לא נמצא", "העמוד לא נמצא", "העמוד אינו קיים"),
    "vi": ("không tìm thấy trang", "trang không tồn tại"),
    "id": ("halaman tidak ditemukan",),
    "th": ("ไม่พบหน้า",),
    "zh": ("页面不存在", "页面未找到", "未找到页面", "找不到页面", "无法找到页面", "页面没有找到", "找不到网页", "网页不存在",
           "找不到该页", "页面找不到", "页面已删除", "頁面不存在", "找不到頁面", "找不到網頁", "網頁不存在", "頁面未找到",
           "無法找到頁面"),
    "ja": ("ページが見つかりません", "ページは見つかりません", "ページが見つかりませんでした", "ページは見つかりませんでした",
           "ページが存在しません", "ページは存在しません"),
    "ko": ("페이지를 찾을 수 없습니다", "페이지를 찾을 수 없음", "존재하지 않는 페이지", "페이지가 존재하지 않습니다"),
}  # fmt: skip
_MORE = r"(?:page|file|document|url) (?:\w+ ){0,6}(?:not be found|not found|couldn t be found|can t be found)"
_BARE = re.compile(
    r"(?:http |error |fehler |erreur |página |ошибка |错误 |錯誤 )*404(?: error| page| fehler| ошибка| 错误)?"
)
_ALONE = frozenset({"not found", "nicht gefunden", "introuvable", "no encontrado", "não encontrado", "non trovato"})
_PARTS = re.compile(r"\s[-–—|·:»«/]\s|[|:：!！。.]")
_SIGNS = re.compile(r"[\W_]+")
_QUESTIONS = re.compile(r"[?？؟]")
MAX_PART = 60  # characters of a title that contains little else


def says_missing(title: str, headings: list[str], text: str) -> bool:
    """Whether a page itself says in its title or first heading that it does not exist, and little else."""
    if len(text) > SHORT:
        return False
    said = [part for part in (title, *headings[:1]) if not _QUESTIONS.search(part)]
    parts = [plain for whole in said for part in _PARTS.split(whole) if (plain := _plain(part))]
    if any(len(part) <= MAX_PART and _PHRASES.search(part) for part in parts):
        return True
    unsure = any(_BARE.fullmatch(part) or part in _ALONE for part in parts)
    return unsure and _says_not_found(_plain(text))


def is_login(asks: bool, text: str) -> bool:
    """Whether a page is a login page: it `asks` for a password, and has hardly any other main text."""
    return asks and len(text) <= HARDLY_ANY


def needs_scripts(text: str, *, has_scripts: bool) -> bool:
    """Whether the text of a page is made by scripts: it has scripts, and next to no main text without them."""
    return has_scripts and len(text) <= SHELL


def _says_not_found(text: str) -> bool:
    return _PHRASES.search(text) is not None or any(phrase in text for phrase in _ALONE)


def _plain(text: str) -> str:
    """Return the words of `text` in lower case, separated by single spaces."""
    return _SIGNS.sub(" ", text.lower()).strip()


_PHRASES = re.compile("|".join([_MORE, *sorted({_plain(phrase) for some in NOT_FOUND.values() for phrase in some})]))
