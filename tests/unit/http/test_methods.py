"""What an address is asked with a method that it does not know is answered with those that it does."""

from __future__ import annotations

import pytest

from made import Caller, served


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> object:
    with served(tmp_path_factory.mktemp("store")) as calling:
        yield calling


@pytest.mark.parametrize(("address", "known"), [("/rpc/v1/shards/0", "GET, HEAD, PUT"), ("/lookup", "GET, HEAD")])
def test_the_methods_of_all_routes_of_an_address_are_told(caller: Caller, address: str, known: str) -> None:
    reply = caller.call("DELETE", address)
    assert (reply.status, reply.headers["allow"]) == (405, known)


def test_nothing_is_told_of_an_address_that_is_none(caller: Caller) -> None:
    reply = caller.call("DELETE", "/nothing")
    assert (reply.status, "allow" in reply.headers) == (404, False)
