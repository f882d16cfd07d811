"""Which connections are kept when the limit is reached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.http.connections import EXTRA, Connections, address_of


class Made:
    """A connection that records that it was closed."""

    def __init__(self, host: str) -> None:
        self.host, self.is_cut = host, False

    def cut(self) -> None:
        self.is_cut = True

    def sweep(self) -> None:
        """Send all."""


def in_loop(work: Callable[[], None]) -> None:
    async def run() -> None:
        work()

    asyncio.run(run())


def test_of_all_addresses_the_one_with_most_that_wait_makes_room() -> None:
    def run() -> None:
        listener = Connections(6, 6)
        made = [Made(host) for host in ("10.0.0.1", "10.0.0.2", "10.0.0.2", "10.0.0.2", "10.0.0.3", "10.0.0.3")]
        assert all(listener.join(each, each.host) for each in made)
        listener.works(made[1])
        listener.works(made[2])
        assert listener.join(Made("10.0.0.4"), "10.0.0.4")
        assert [each.is_cut for each in made] == [False, False, False, False, True, False]

    in_loop(run)


def test_of_those_without_room_the_newest_are_heard_in_case_they_are_probes() -> None:
    def run() -> None:
        listener, extra = Connections(1), [Made("10.0.0.2") for _ in range(EXTRA + 1)]
        worker = Made("10.0.0.1")
        assert listener.join(worker, worker.host)
        listener.works(worker)
        assert not any(listener.join(each, each.host) for each in extra[:EXTRA])
        assert not any(each.is_cut for each in extra)
        assert not listener.join(extra[EXTRA], "10.0.0.2")
        assert [each.is_cut for each in extra] == [True, *[False] * EXTRA]

    in_loop(run)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_what_counts_as_one_address(host: str, address: str) -> None:
    assert address_of(host) == address


ACTS = st.lists(st.tuples(st.sampled_from(["join", "works", "waits", "leave"]), st.integers(0, 30)), max_size=200)


@given(ACTS)
def test_no_limit_is_ever_exceeded_and_nothing_is_remembered_of_what_left(acts: list[tuple[str, int]]) -> None:
    def run() -> None:
        listener, here, kept = Connections(7, 3), list[Made](), set[Made]()
        for act, number in acts:
            if act == "join":
                made = Made(f"10.0.0.{number % 4}")
                here.append(made)
                if listener.join(made, made.host):
                    kept.add(made)
            elif here:
                getattr(listener, act)(here[number % len(here)])
                if act == "leave":
                    kept.discard(here.pop(number % len(here)))
            here = [each for each in here if not each.is_cut]
            kept = {each for each in kept if not each.is_cut}
            assert len(kept) <= 7
            assert all(sum(each.host == f"10.0.0.{n}" for each in kept) <= 3 for n in range(4))
            assert len(here) - len(kept) <= EXTRA
        for each in here:
            listener.leave(each)
        assert not (listener._addresses or listener._counts or listener._waiting or listener._extra)

    in_loop(run)
