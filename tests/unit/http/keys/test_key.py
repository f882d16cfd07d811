from __future__ import annotations

import base64
import hmac

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.core.errors import InvalidInputError, UnauthorizedError
from lightship.http.keys.key import MAX_KEY, PREFIX, Key, is_name, open_key, read_filter, sign, signing_keys

SIGNING = signing_keys(["0123456789abcdef"])
KEY = Key("search", "docs", 2_000_000_000, "f.team=red&-f.tags=old", ("https://a.example",), "10/s")


def test_a_key_says_what_it_was_made_with() -> None:
    opened = open_key(sign(KEY, SIGNING[0]), SIGNING)
    assert opened.key == KEY
    assert opened.conditions == (("team", "red"), ("-tags", "old"))
    assert opened.origins.allow("https://a.example")
    assert not opened.origins.allow("https://b.example")
    assert str(opened.rate) == "10/s"


def test_both_secrets_are_accepted_while_they_are_changed() -> None:
    both = signing_keys(["new secret of 32 characters", "0123456789abcdef"])
    assert open_key(sign(KEY, SIGNING[0]), both).name == "docs"
    with pytest.raises(UnauthorizedError):
        open_key(sign(KEY, SIGNING[0]), both[:1])
    with pytest.raises(UnauthorizedError):
        open_key(sign(KEY, SIGNING[0]), ())


@settings(max_examples=150)
@given(place=st.integers(0, 200), letter=st.sampled_from("AZaz09-_.=é "), cut=st.booleans())
def test_a_changed_key_is_refused(place: int, letter: str, cut: bool) -> None:
    token = sign(KEY, SIGNING[0])
    at = place % len(token)
    changed = token[:at] + ("" if cut else letter) + token[at + 1 :]
    if changed != token:
        with pytest.raises(UnauthorizedError):
            open_key(changed, SIGNING)


@pytest.mark.parametrize(
    "token", ["", PREFIX, f"{PREFIX}.", f"{PREFIX}e30.", "lsk2.x.y", "x" * (MAX_KEY + 1), "\ud800.é"]
)
def test_what_is_no_key_is_refused(token: str) -> None:
    with pytest.raises(UnauthorizedError):
        open_key(token, SIGNING)


@pytest.mark.parametrize("payload", [b'["search","x",0,"",[],"",1]', b'["admin","x"]', b"{}", b"\xff", b'["search"]'])
def test_a_signed_key_of_another_version_is_refused(payload: bytes) -> None:
    """It may hold a restriction that this version does not know."""
    made = sign(KEY, SIGNING[0])
    encoded = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    resigned = sign_text(f"{PREFIX}{encoded}")
    assert made.count(".") == resigned.count(".")
    with pytest.raises(UnauthorizedError, match="another version"):
        open_key(resigned, SIGNING)


def sign_text(signed: str) -> str:
    mac = hmac.digest(SIGNING[0], signed.encode(), "sha256")
    return f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ()),
        ("f.team=red", (("team", "red"),)),
        ("f.team=red&f.team=blue&-f.tags=old", (("team", "red"), ("team", "blue"), ("-tags", "old"))),
        ("f.name=a%26b+c", (("name", "a&b c"),)),
    ],
)
def test_filters_are_read_as_in_a_url(text: str, found: tuple[tuple[str, str], ...]) -> None:
    assert read_filter(text) == found


@pytest.mark.parametrize(
    "text", ["f.team=", "f.team", "team=red", "f.=red", "f.team=red&", "f.team=red&&f.x=1", "f.team=red&q=x", "f.team=%20", "f.team=%ff", "f.team=red;f.x=1&"],
)  # fmt: skip
def test_nothing_of_a_filter_is_left_out(text: str) -> None:
    with pytest.raises(InvalidInputError):
        read_filter(text)


def test_names() -> None:
    assert [is_name(text) for text in ("docs", "a.b-c_1", "", "a b", "#a", "a\n", "x" * 65)] == [True, True] + [
        False
    ] * 5
