"""A website of several hundred pages in English, German and Chinese, served on the loopback."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pydoc_data.topics import topics  # prose that comes with every Python
from typing import NamedTuple

LANGUAGES = ("en", "de", "zh")
PAGES = 300

_GERMAN = """Leuchtturm Wärter Küste Sturm Häuser Straße Bücher lesen schreibt Nächte Schiffe fährt Hafen Lampe Öl zählen Wellen
über unter zwischen größer kleinste schönen Suche Maschine findet Wörter Sätze Seiten Verzeichnis schnell langsam heute
morgen gestern immer niemals Antworten Fragen gestellt Wetter Nebel Licht dunkel hell Felsen Möwen Fische Netze"""
_CHINESE = """灯塔 守望者 海岸 暴风雨 房屋 街道 书籍 阅读 写作 夜晚 船只 港口 油灯 计算 波浪 之间 更大 最小 美丽的 搜索引擎 找到 词语 句子 网页
目录 快速 缓慢 今天 明天 昨天 总是 从不 回答 问题 天气 大雾 光明 黑暗 岩石 海鸥 渔网 分布式 系统 容器 索引 分片 副本 文档 日志"""


class Page(NamedTuple):
    """One page: `text` is its prose, without markup."""

    path: str
    language: str
    title: str
    text: str


@cache
def vocabulary(language: str) -> Sequence[str]:
    """Return the words of `language`, common ones first."""
    if language == "en":
        words = " ".join(topics.values()).split()
        return list(dict.fromkeys(word.lower() for word in words if word.isalpha()))[:1500]
    return (_GERMAN if language == "de" else _CHINESE).split()


def _prose(chance: random.Random, language: str, words: int) -> str:
    known = vocabulary(language)
    chosen = chance.choices(known, [1 / rank for rank in range(1, len(known) + 1)], k=words)  # as Zipf has it
    if language == "zh":
        return "".join(word + ("，" if chance.random() < 0.15 else "") for word in chosen) + "。"
    return " ".join(chosen) + "."


@cache
def pages(seed: int = 1) -> Sequence[Page]:
    """Return all pages, the same ones for the same `seed`."""
    chance = random.Random(seed)
    made = []
    for number in range(PAGES):
        language = LANGUAGES[number % len(LANGUAGES)]
        text = "\n".join(_prose(chance, language, chance.randint(5, 60)) for _ in range(chance.randint(1, 5)))
        made.append(Page(f"/{language}-{number}.html", language, _prose(chance, language, 3), text))
    return made


def _html(number: int) -> bytes:
    page = pages()[number]
    links = [2 * number + 1, 2 * number + 2, number // 3]
    anchors = "".join(f'<li><a href="{pages()[link].path}">{link}</a></li>' for link in links if link < PAGES)
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in page.text.split("\n"))
    return (
        f'<!doctype html><html lang="{page.language}"><head><meta charset="utf-8"><title>{escape(page.title)}</title>'
        f"</head><body><main><h1>{escape(page.title)}</h1>{paragraphs}</main><nav><ul>{anchors}</ul></nav></body></html>"
    ).encode()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        paths = {page.path: number for number, page in enumerate(pages())}
        number = 0 if self.path == "/" else paths.get(self.path)
        body = b"" if number is None else _html(number)
        self.send_response(404 if number is None else 200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def website() -> Iterator[str]:
    """Serve the pages; gives the address of the first, from which all can be reached."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}{pages()[0].path}"
        server.shutdown()
        thread.join()
