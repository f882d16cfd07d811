"""What a robots.txt allows according to RFC 9309, and that no robots.txt makes checks expensive."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.crawler.fetching.robots import MAX_BYTES, whole_lines
from lightship.crawler.fetching.rules import MAX_STARS, Rules

CASES = [json.loads(line) for line in Path(__file__).with_name("robots.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"][:60])
def test_rfc_9309(case: dict[str, Any]) -> None:
    assert Rules(case["robots"], case["agent"]).allows(case["url"]) is case["allowed"]


HOSTILE = {
    "many stars": "Disallow: /*" + "a*" * 400 + "b",
    "many short rules": "\n".join(f"Disallow: /{number}" for number in range(30_000)),
    "many starred rules": "\n".join(f"Disallow: /*{number}x" for number in range(30_000)),
    "rules of all lengths": "\n".join("Disallow: /" + "a" * number + "b" for number in range(900)),
    "starred rules that nearly match": "\n".join("Allow: /*a*a*a*a*a*a*ab" + str(number) for number in range(15_000)),
    "one long line": "Disallow: /" + "*a" * (MAX_BYTES // 2),
    "stars alone": "Disallow: /" + "*" * MAX_BYTES,
    "one group for many robots": "\n".join(f"useragent:{number:05}" for number in range(32_000)) + "\nDisallow: /x",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_question_is_dear(name: str) -> None:
    text = f"User-agent: *\n{HOSTILE[name]}"[:MAX_BYTES]
    began = time.process_time()
    rules = Rules(text, "Lightship")
    assert time.process_time() - began < 2
    url = "https://h.example/" + "a" * 2000
    began = time.process_time()
    for _ in range(10):
        rules.allows(url)
    assert (time.process_time() - began) / 10 < 0.05  # 2 ms at most
    rules.line(url)


def test_what_is_too_much_is_read_strictly() -> None:
    stars = "\n".join(f"Disallow: /{number}/*x" for number in range(MAX_STARS))
    rules = Rules(f"User-agent: *\n{stars}\nDisallow: /shut/*y\nAllow: /open/*z\nDisallow: /open/", "Lightship")
    assert rules.strict
    assert [rules.allows(f"https://h.example{path}") for path in ("/0/", "/0/x", "/shut/", "/open/z", "/")] == [
        True, False, False, False, True,
    ]  # fmt: skip
    assert rules.line("https://h.example/shut/a") == f"line {MAX_STARS + 2} of robots.txt: Disallow: /shut/*y"


PATTERNS = st.text("ab*$/", max_size=12).map(lambda text: f"/{text}")
PATHS = st.text("ab/", max_size=15).map(lambda text: f"/{text}")


def matches(pattern: str, path: str) -> bool:
    """The meaning of a pattern, by a regular expression."""
    body, end = (pattern[:-1], r"\Z") if pattern.endswith("$") else (pattern, "")
    return re.match(".*".join(map(re.escape, body.split("*"))) + end, path) is not None


@given(st.lists(st.tuples(st.booleans(), PATTERNS), max_size=8), PATHS)
def test_the_longest_rule_decides(rules: list[tuple[bool, str]], path: str) -> None:
    text = "".join(f"{'Allow' if allow else 'Disallow'}: {pattern}\n" for allow, pattern in rules)
    lengths = [
        (len(pattern) + 2 * pattern[:-1].count("$"), allow) for allow, pattern in rules if matches(pattern, path)
    ]
    found = Rules(f"User-agent: *\n{text}", "Lightship")
    assert found.allows(f"https://h.example{path}") is max(lengths, default=(0, True))[1]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_rule_that_is_cut_off_does_not_count(end: str) -> None:
    text = f"User-agent: *{end}Disallow: /a{end}Disallow: /private".encode()
    kept = whole_lines(text + b" " * MAX_BYTES)
    assert kept == f"User-agent: *{end}Disallow: /a{end}"
    assert whole_lines(text) == text.decode()
    assert whole_lines(b"Disallow: /" + b"a" * MAX_BYTES) == ""


def test_delay_sitemaps_and_the_deciding_line() -> None:
    text = "\ufeffUser-agent: a\nCrawl-delay: 2.5\nDisallow: /x # why\nSitemap: /s.xml\nUser-agent: *\nCrawl-delay: 999"
    assert [Rules(text.removeprefix("\ufeff"), agent).delay for agent in ("a", "b")] == [2.5, 60.0]
    assert (
        Rules(text.removeprefix("\ufeff"), "a").line("https://h.example/xy")
        == "line 3 of robots.txt: Disallow: /x # why"
    )
    assert Rules("Sitemap: /s.xml", "a").sitemaps("https://h.example") == ["https://h.example/s.xml"]
    assert Rules(f"User-agent: a\nCrawl-delay: {'9' * 5000}", "a").delay == 0.0
    assert not Rules("", "a", known=False).allows("https://h.example/")
