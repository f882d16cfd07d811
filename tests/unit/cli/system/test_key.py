from __future__ import annotations

import time

import pytest

from lightship.cli.system.key import key
from lightship.config import TOKEN_VARIABLE
from lightship.core.errors import ConfigurationError
from lightship.http.keys.key import open_key, signing_keys

SECRET = "0123456789abcdef"


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, f"{SECRET},an older one of some length")


def made(capsys: pytest.CaptureFixture[str], *more: str) -> str:
    key(["new", "--search", *more])
    return capsys.readouterr().out.strip()


def test_a_key_is_printed_alone_and_signed_with_the_newest_secret(capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--filter=f.team=red", "--origins=https://A.example/", "--expires=12h", "--rate=600/m", "--name=docs")
    opened = open_key(made(capsys, *given), signing_keys([SECRET]))
    assert opened.key.filter == "f.team=red"
    assert opened.key.origins == ("https://a.example",)
    assert (opened.name, opened.key.rate) == ("docs", "600/m")
    assert 12 * 3600 - 60 < opened.expires - time.time() <= 12 * 3600


def test_a_key_expires_unless_it_never_does_and_has_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    one, other = (open_key(made(capsys), signing_keys([SECRET])) for _ in range(2))
    assert one.name != other.name
    assert 89 * 86_400 < one.expires - time.time() <= 90 * 86_400
    assert open_key(made(capsys, "--expires=never"), signing_keys([SECRET])).expires == 0


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "key new --search"),
        (["list"], "key new --search"),
        (["new"], "what the key allows"),
        (["new", "--search", "--filter=team=red"], "invalid filter"),
        (["new", "--search", "--filter=f.team="], "invalid filter"),
        (["new", "--search", "--origins=*"], "leave --origins out"),
        (["new", "--search", "--name=a b"], "can't be the name"),
        (["new", "--search", "--expires=soon"], "not a time"),
        (["new", "--search", "--rate=10"], "not a rate"),
        (["new", "--search", f"--filter=f.a={'x' * 5000}"], "over the limit"),
    ],
)
def test_mistakes_are_explained(arguments: list[str], why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        key(arguments)


def test_a_key_needs_a_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory) -> None:
    monkeypatch.delenv(TOKEN_VARIABLE)
    with pytest.raises(ConfigurationError, match="no secret to sign with"):
        key(["new", "--search", f"--data={tmp_path}"])
