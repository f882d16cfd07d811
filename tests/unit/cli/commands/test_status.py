from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lightship.cli.commands.status import status
from lightship.cli.system.status import read_status
from lightship.core.errors import ConfigurationError, UnavailableError
from support import free_port

if TYPE_CHECKING:
    from unit.cli.conftest import StatusServer


def test_each_searchengine_and_each_shard_has_a_line(
    searchengine: StatusServer, capsys: pytest.CaptureFixture[str]
) -> None:
    status([f"-searchengine={searchengine.name}"])
    assert capsys.readouterr().out.splitlines() == [
        f"{searchengine.name}: ready, layout s1v2, 5 documents, version 0.1.0",
        "  shard 0: 5 documents in 2 segments, 1.5 MB, epoch 7, generation 3, fresh as of 0.5 s ago",
    ]


def test_an_empty_searchengine_is_told(searchengine: StatusServer, capsys: pytest.CaptureFixture[str]) -> None:
    searchengine.tell(ready=False, layout=None, documents=0, age_seconds=None, shards=[])
    status([f"-searchengine={searchengine.name}"])
    assert capsys.readouterr().out == f"{searchengine.name}: not ready, layout -, 0 documents, version 0.1.0\n"


def test_one_that_is_silent_is_an_error_after_the_others_are_shown(
    searchengine: StatusServer, capsys: pytest.CaptureFixture[str]
) -> None:
    silent = f"127.0.0.1:{free_port()}"
    with pytest.raises(UnavailableError, match=f"no status from {silent}: .*refused"):
        status([f"-searchengine={silent},{searchengine.name}"])
    assert "5 documents" in capsys.readouterr().out


@pytest.mark.parametrize("body", [b"[]", b"{}", b"<html>", b"", b'{"documents": 1}', b"\xff"])
def test_another_program_on_that_port_is_an_error(searchengine: StatusServer, body: bytes) -> None:
    searchengine.body = body
    with pytest.raises(UnavailableError, match="no status from"):
        read_status(searchengine.name)


def test_a_port_alone_means_this_machine(searchengine: StatusServer) -> None:
    assert read_status(f":{searchengine.server_address[1]}")["documents"] == 5


def test_arguments_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="unrecognized arguments: that"):
        status(["that"])
