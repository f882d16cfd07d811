"""Links between documents work in the repository and on the site."""

from __future__ import annotations

import re

import pytest
from website.hooks import ELSEWHERE, for_site

from support import ROOT


@pytest.mark.parametrize(
    ("page", "link", "on_site"),
    [
        ("deploying.md", "../lightship.toml", "lightship.toml"),
        ("operating.md", "security.md#secrets", "security.md#secrets"),
        ("decisions/0002-weights.md", "../benchmarks.md", "../benchmarks.md"),
        ("decisions/0004-orders-of-layouts.md", "../../ARCHITECTURE.md#glossary", "../architecture.md#glossary"),
        ("architecture.md", "docs/architecture.svg", "architecture.svg"),
        ("architecture.md", "docs/decisions/0002-weights.md", "decisions/0002-weights.md"),
        ("contributing.md", "SECURITY.md", "reporting.md"),
        ("index.md", "#start-here", "#start-here"),
        ("index.md", "https://example.org/a.md", "https://example.org/a.md"),
    ],
)
def test_a_link_leads_to_the_page_on_the_site(page: str, link: str, on_site: str) -> None:
    assert for_site(f"see [this]({link}).", page) == f"see [this]({on_site})."


def test_a_fence_keeps_its_language_alone() -> None:
    text = "```sh background\nmake run\n```\n\n```text\nok\n```\n"
    assert for_site(text, "tutorial.md") == "```sh\nmake run\n```\n\n```text\nok\n```\n"


def test_lines_of_chinese_are_joined() -> None:
    assert for_site("按顺序运行命令；\n有一个测试。\n\nWords\nof English\n", "x.md") == (
        "按顺序运行命令；有一个测试。\n\nWords\nof English\n"
    )


def test_documents_of_the_root_exist_and_have_no_namesake() -> None:
    for name, uri in ELSEWHERE.items():
        assert (ROOT / name).is_file()
        assert not (ROOT / "docs" / uri).exists()


def test_every_link_of_a_document_leads_to_a_file() -> None:
    documents = (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))
    for path in documents:
        for target in re.findall(r"\]\(([^)#\s]+)", path.read_text()):
            assert re.match(r"[a-z]+:", target) or (path.parent / target).exists(), f"{path.name}: {target}"
