"""Promotion and rollback over HTTP, and with the commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.cli.commands.promote import promote, rollback
from lightship.cli.commands.status import status
from lightship.config.environment import TOKEN_VARIABLE
from lightship.core.errors import ConfigurationError, InvalidInputError, UnavailableError
from made import Caller, MadeShard, page, served

PUSH = "push-" * 5


@pytest.fixture
def caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    """Yield a replica that serves a page in s1v2, and holds back an empty s2v2."""
    monkeypatch.delenv("LIGHTSHIP_TOKEN", raising=False)
    monkeypatch.delenv("LIGHTSHIP_ADMIN_TOKEN", raising=False)
    with served(tmp_path / "se") as caller:
        caller.push(MadeShard(tmp_path / "old").put(page(1)))
        caller.push(*(MadeShard(tmp_path / f"new{n}", n, 2, order=2).put() for n in range(2)))
        yield caller


def layout(caller: Caller) -> str:
    return str(caller.get("/status").json["layout"])


def test_promote_and_roll_back(caller: Caller) -> None:
    [candidate] = caller.get("/status").json["candidates"]
    assert (candidate["layout"], candidate["present"], candidate["shards"]) == ("s2v2", 2, 2)
    assert "lightship promote s2v2" in candidate["held"]
    reply = caller.call("POST", "/admin/v1/promote?layout=s2v2")
    assert (reply.status, reply.json) == (200, {"layout": "s2v2", "wanted": None, "former": "s1v2"})
    assert (layout(caller), caller.found("page")) == ("s2v2", [])
    reply = caller.call("POST", "/admin/v1/rollback")
    assert (reply.status, reply.json) == (200, {"layout": "s1v2", "wanted": None, "former": "s2v2"})
    assert (layout(caller), caller.found("page")) == ("s1v2", [page(1).url])


def test_what_can_not_be_done_is_told(caller: Caller) -> None:
    reply = caller.call("POST", "/admin/v1/rollback")
    assert (reply.status, "lightship promote LAYOUT" in reply.json["error"]) == (404, True)
    assert caller.call("POST", "/admin/v1/promote").status == 400
    assert caller.call("POST", "/admin/v1/promote?layout=s1v999").status == 400
    assert caller.get("/admin/v1/promote?layout=s2v2").status == 405
    reply = caller.call("POST", "/admin/v1/promote?layout=s3v2")
    assert reply.json == {"layout": "s1v2", "wanted": "s3v2", "former": None}


def test_a_retired_layout_is_told_so(caller: Caller, tmp_path: Path) -> None:
    reply = caller.put_manifest(MadeShard(tmp_path / "past", 0, 3, order=1).manifest())
    assert (reply.status, reply.json["retired"]) == (409, True)
    assert "lightship promote s3v2" in reply.json["error"]


def test_the_commands(
    caller: Caller, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "")
    monkeypatch.chdir(tmp_path)  # where no `make run` has left a secret
    place = f"-searchengine=127.0.0.1:{caller.port}"
    status([place])
    assert "candidate: s2v2, 2 of 2 shards, 0 documents: it has 0 documents" in capsys.readouterr().out
    promote(["s2v2", place])
    assert capsys.readouterr().out == f"http://127.0.0.1:{caller.port}: serves s2v2, keeps s1v2 for rollback\n"
    status([place])
    assert "former: s1v2, kept for rollback until 20" in capsys.readouterr().out
    rollback([place])
    assert capsys.readouterr().out == f"http://127.0.0.1:{caller.port}: serves s1v2, keeps s2v2 for rollback\n"
    promote(["s4v2", place])
    assert "serves s1v2, switches to s4v2 once it is complete" in capsys.readouterr().out
    for arguments in ([], ["s1v2", "s2v2"]):
        with pytest.raises(ConfigurationError, match="name exactly one layout"):
            promote([*arguments, place])
    with pytest.raises(InvalidInputError, match="like s3v1"):
        promote(["three", place])


def test_a_replica_that_refuses_is_told_and_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "wrong" * 5)
    with served(tmp_path / "se", PUSH) as caller:
        place = f"-searchengine=127.0.0.1:{caller.port}"
        for command, arguments in ((promote, ["s1v2"]), (rollback, [])):
            with pytest.raises(UnavailableError, match="1 of 1"):
                command([*arguments, place])
            assert "token missing or wrong" in capsys.readouterr().out
        monkeypatch.setenv("LIGHTSHIP_ADMIN_TOKEN", PUSH)  # the command signs with this secret
        promote(["s1v2", place])
        assert "switches to s1v2 once it is complete" in capsys.readouterr().out
