"""Patterns of origins: what they allow, and what is no origin."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.core.origins import Origins, parse_origins


@pytest.mark.parametrize(
    ("patterns", "origin", "allowed"),
    [
        ("https://example.org", "https://example.org", True),
        ("https://Example.org/", "https://example.org", True),
        ("https://example.org", "http://example.org", False),
        ("https://example.org", "https://example.org:8443", False),
        ("https://example.org", "https://www.example.org", False),
        ("https://example.org", "https://example.org.evil.example", False),
        ("https://example.org", "null", False),
        ("https://example.org", "", False),
        ("https://*.example.org", "https://docs.example.org", True),
        ("https://*.example.org", "https://a.b.example.org", True),
        ("https://*.example.org", "https://example.org", False),
        ("https://*.example.org", "https://evilexample.org", False),
        ("https://*.example.org", "https://.example.org", False),
        ("https://*.example.org", "https://evil.example/x.example.org", False),
        ("https://*.example.org", "https://user@evil.example:1.example.org", False),
        ("https://*.example.org:8443", "https://docs.example.org:8443", True),
        ("https://*.example.org:8443", "https://docs.example.org", False),
        ("http://localhost:3000, https://example.org", "http://localhost:3000", True),
        ("http://[::1]:3000", "http://[::1]:3000", True),
        ("*", "https://anything.example", True),
        ("*", "null", True),
        ("", "https://example.org", False),
    ],
)
def test_what_patterns_allow(patterns: str, origin: str, allowed: bool) -> None:
    origins = Origins(parse_origins(patterns))
    assert origins.allow(origin) == allowed
    assert bool(origins) == bool(patterns)


@pytest.mark.parametrize(
    "text",
    [
        "example.org", "https://", "https://example.org/docs", "ftp://example.org", "https://*", "https://*.*.example.org",
        "https://docs.*.org", "https://user@example.org", "https://example.org?x", "https://exa mple.org", "*.example.org",
        "null", "https://example.org:port", "https://example.org:70000", "https://exämple.org", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_no_origin(text: str) -> None:
    with pytest.raises(ValueError, match="write it like https"):
        parse_origins(f"https://fine.example,{text}")


@given(st.text(max_size=40))
def test_only_names_below_the_domain_are_its_subdomains(name: str) -> None:
    allowed = Origins(parse_origins("https://*.example.org")).allow(f"https://{name}.example.org")
    assert not allowed or (name.isascii() and not set(name) & set("/:@?#[]\\ "))
