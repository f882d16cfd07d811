"""Bodies are compressed as clients ask, and come back whole."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from lightship.http.answers.compression import LEAST_BYTES, compressed, preferred

BROWSERS = "gzip, deflate, br, zstd"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        (BROWSERS, "zstd"),
        ("gzip", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("gzip;q=1.0, zstd;q=0.2", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
        ("*", "zstd"),
        ("*;q=0.1, zstd;q=0", "gzip"),
        ("identity", ""),
        ("br", ""),
        ("gzip;q=0", ""),
        ("*;q=0", ""),
        ("gzip;q=nonsense", ""),
        ("gzip;nonsense", "gzip"),
        ("", ""),
    ],
)
def test_what_is_preferred(accepted: str, encoding: str) -> None:
    assert preferred(accepted) == encoding


@given(st.text(max_size=300))
def test_any_header(accepted: str) -> None:
    assert preferred(accepted) in ("", "gzip", "zstd")


@given(st.binary(max_size=5000), st.sampled_from(["", "gzip", BROWSERS]))
def test_it_comes_back_whole(body: bytes, accepted: str) -> None:
    content, encoding = compressed(body, accepted)
    read: dict[str, Callable[[bytes], bytes]] = {
        "": bytes, "gzip": gzip.decompress, "zstd": zstandard.ZstdDecompressor().decompress,
    }  # fmt: skip
    assert read[encoding](content) == body
    assert bool(encoding) == (len(body) >= LEAST_BYTES and accepted != "")
