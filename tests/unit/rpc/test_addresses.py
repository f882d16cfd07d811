"""Names of searchengines are looked up again and again: what is found is kept, and what changes is told once."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import Any

import pytest

from lightship.rpc.addresses import Addresses

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.7", 99))]


def test_a_name_that_is_not_found_is_told_once_and_keeps_what_it_had(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    answers: list[Any] = [OSError("nobody"), OSError("nobody"), FOUND, FOUND, OSError("nobody"), FOUND]

    def getaddrinfo(host: str, *_: object, **__: object) -> Any:
        if host == "other":
            return FOUND
        if isinstance(answer := answers.pop(0), OSError):
            raise answer
        return answer

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    addresses = Addresses(["name:1", "other:2"])
    one, other = "http://10.0.0.7:1", "http://10.0.0.7:2"
    with caplog.at_level(logging.INFO):
        found = [asyncio.run(addresses.look_up()) for _ in range(len(answers))]
    assert found == [{other}, {other}, {one, other}, {one, other}, {one, other}, {one, other}]
    assert [record.getMessage() for record in caplog.records if "resolve" in record.getMessage()] == [
        "can't resolve name:1: nobody; retrying",
        "resolved name:1",
        "can't resolve name:1: nobody; retrying",
        "resolved name:1",
    ]
