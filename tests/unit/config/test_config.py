from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship import config
from lightship.config import (
    ChaosSettings,
    CrawlerSettings,
    IndexerSettings,
    PromoteSettings,
    RollbackSettings,
    SearchengineSettings,
    StatusSettings,
    UpSettings,
    check_variables,
    flag_of,
    metavar_of,
    parse_settings,
)
from lightship.config.setting import parse_address
from lightship.core.errors import ConfigurationError

ALL = [
    SearchengineSettings,
    IndexerSettings,
    CrawlerSettings,
    UpSettings,
    StatusSettings,
    ChaosSettings,
    PromoteSettings,
    RollbackSettings,
]


def up(*arguments: str) -> tuple[UpSettings, list[str]]:
    return parse_settings(UpSettings, "lightship up", arguments, positional="SOURCE")


@pytest.mark.parametrize("kind", ALL)
def test_no_flag_gives_the_defaults_and_their_own_text_gives_them_too(kind: type[Any]) -> None:
    settings, rest = parse_settings(kind, "program", [])
    assert (settings, rest) == (kind(), [])
    for field in dataclasses.fields(kind):
        if isinstance(field.default, bool):  # a flag without a value
            continue
        text = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
        again, _ = parse_settings(kind, "program", [f"--{flag_of(field)}={text}"])
        assert again == settings
        assert type(getattr(again, field.name)) is type(field.default)


@pytest.mark.parametrize("arguments", [["-port=81"], ["--port=81"], ["-port", "81"], ["--port", "81"]])
def test_one_and_two_dashes_with_and_without_an_equals_sign(arguments: list[str]) -> None:
    assert up(*arguments) == (UpSettings(port=81), [])


def test_the_commands_of_the_article() -> None:
    assert parse_settings(SearchengineSettings, "searchengine", ["-addr=:10000"])[0].addr == ":10000"
    settings, _ = parse_settings(IndexerSettings, "indexer", ["-searchengine=localhost:10000"])
    assert settings.searchengine == ("localhost:10000",)


def test_a_name_of_two_words_has_a_hyphen() -> None:
    assert parse_settings(CrawlerSettings, "crawler", ["-per-host=2", "--max-bytes", "4096"])[0] == CrawlerSettings(
        per_host=2, max_bytes=4096
    )
    with pytest.raises(ConfigurationError, match="per_host"):
        parse_settings(CrawlerSettings, "crawler", ["--per_host=2"])


@pytest.mark.parametrize(
    ("arguments", "rest"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a", "--port", "81"], ["a"]),
        (["--port", "81", "a"], ["a"]),
        (["a", "-port=81", "b"], ["a", "b"]),
        (["a", "-port", "81", "b", "--shards=2", "c"], ["a", "b", "c"]),
    ],
)
def test_sources_and_flags_in_any_order(arguments: list[str], rest: list[str]) -> None:
    settings, found = up(*arguments)
    assert found == rest
    assert settings.port == (81 if any("port" in argument for argument in arguments) else 8080)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--prot=81"], r"lightship up: unrecognized arguments: --prot=81; see lightship up --help"),
        (["-por=81"], "unrecognized arguments: -por=81"),
        (["-p=81"], "unrecognized arguments: -p=81"),
        (["--port"], "-port/--port: expected one argument"),
        (["--port="], "'' is not a whole number"),
        (["--port=x"], "-port/--port: 'x' is not a whole number"),
        (["--port=8.5"], "'8.5' is not a whole number"),
        (["--port=0"], "must be from 1 to 65535"),
        (["--port=65536"], "must be from 1 to 65535"),
        (["--port", "-1"], "must be from 1 to 65535"),
        (["--shards=65"], "must be from 1 to 64"),
    ],
)
def test_a_bad_command_line_is_told(arguments: list[str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        up(*arguments)


@pytest.mark.parametrize("text", ["nan", "inf", "-1", "x", "3601"])
def test_a_bad_number_of_seconds_is_told(text: str) -> None:
    with pytest.raises(ConfigurationError, match="-delay/--delay"):
        parse_settings(CrawlerSettings, "crawler", [f"--delay={text}"])
    assert parse_settings(CrawlerSettings, "crawler", ["--delay=0.5"])[0].delay == 0.5


def test_arguments_are_an_error_where_none_are_meant() -> None:
    with pytest.raises(ConfigurationError, match="unrecognized arguments: source"):
        parse_settings(SearchengineSettings, "searchengine", ["source"])


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize("asked", ["-help", "--help"])
def test_help_names_every_flag_and_its_default(kind: type[Any], asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse_settings(kind, "program", [asked])
    assert ended.value.code == 0
    shown = " ".join(capsys.readouterr().out.split())
    for field in dataclasses.fields(kind):
        assert (
            shown.count(f" -{flag_of(field)}{'' if isinstance(field.default, bool) else f' {metavar_of(field)}'} ") == 1
        )
        assert f"--{flag_of(field)}" not in shown
        assert metavar_of(field).strip(".,:;") == metavar_of(field)
        assert field.metadata["help"][:10] in shown


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", ("", 8080)),
        ("localhost:0", ("localhost", 0)),
        ("tasks.search_engine-1:65535", ("tasks.search_engine-1", 65535)),
        ("127.0.0.1:80", ("127.0.0.1", 80)),
        ("[::1]:80", ("::1", 80)),
        ("[::]:8080", ("::", 8080)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
        ("[::ffff:127.0.0.1]:80", ("::ffff:127.0.0.1", 80)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "", ":", "8080", "localhost", "localhost:", "localhost:http", "localhost:65536", "localhost:-1", "localhost:+1",
        "localhost: 80", "local host:80", "::1", "::1:80", "fe80::1:80", "[::1]", "[::1:80", "::1]:80", "[]:80",
        "[localhost]:80", "http://localhost:80", "localhost:80/", "me@localhost:80", "localhost:\uff18\uff10", "a:1\n",
    ],
)  # fmt: skip
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address; write it like :8080"):
        parse_address(text)
    with pytest.raises(ConfigurationError, match="-addr/--addr"):
        parse_settings(SearchengineSettings, "searchengine", [f"--addr={text}"])


@given(st.text(max_size=30) | st.from_regex(r"[\[\]:.a-f0-9]*:[0-9]*", fullmatch=True))
def test_any_text_is_an_address_or_told(text: str) -> None:
    try:
        host, port = parse_address(text)
    except ValueError:
        return
    assert 0 <= port <= 65535
    assert parse_address(f"[{host}]:{port}" if ":" in host else f"{host}:{port}") == (host, port)


def test_several_searchengines() -> None:
    settings, _ = parse_settings(IndexerSettings, "indexer", ["-searchengine", " a:1, [::1]:2,,b:3 "])
    assert settings.searchengine == ("a:1", "[::1]:2", "b:3")
    for text in ("", " , ", "a:1,b"):
        with pytest.raises(ConfigurationError, match="-searchengine/--searchengine"):
            parse_settings(IndexerSettings, "indexer", [f"-searchengine={text}"])


def test_an_unknown_variable_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    check_variables({"LIGHTSHIP_TOKEN": "x", "PATH": "/bin", "lightship_token": "x"})
    monkeypatch.setenv("LIGHTSHIP_TOKNE", "x")
    with pytest.raises(
        ConfigurationError, match="unknown environment variable LIGHTSHIP_TOKNE; known: LIGHTSHIP_TOKEN"
    ):
        up()


def test_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIGHTSHIP_TOKEN", raising=False)
    assert config.token() == ""
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "secret")
    assert config.token() == "secret"
