"""A writer beside a leader that stores late, loses answers, and refuses: what is said of a put is true."""

from __future__ import annotations

import asyncio
import base64
from types import SimpleNamespace
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from lightship.core.model import partition_of
from lightship.doclog.jetstream.client.errors import IN_FLIGHT, NO_MESSAGE, WRONG_LAST_SEQUENCE, ApiError, RetryError
from lightship.doclog.jetstream.client.kv import LAST, Got, Raw, Stored
from lightship.doclog.jetstream.writer import NAME, Outgoing, Writer
from lightship.doclog.protocol.fence import Fence

URL = "https://example.org/"
BETWEEN = st.sampled_from(["nothing", "commit", "drop", "another stores", "another is in flight"])
REQUEST = st.sampled_from(["answered", "answer lost", "in flight, no answer", "lost"])


class Leader:
    """The leader of a stream, for one subject: `stored` has the names of its messages, one may be in flight.

    A refused message is not proposed to the other servers (nats-server, checkMsgHeadersPreClusteredProposal).
    """

    address, max_payload = SimpleNamespace(name="log"), 1 << 20

    def __init__(self, earlier: int, script: list[tuple[str, str]]) -> None:
        self.stored, self.in_flight, self.script = ["another"] * earlier, "", iter(script)

    def _between(self) -> str:
        """Carry out what happens before the next request, and return what becomes of that; in the end all goes well."""
        event, fate = next(self.script, ("commit", "answered"))
        if event == "commit" and self.in_flight:
            self.stored.append(self.in_flight)
        if event in ("commit", "drop"):
            self.in_flight = ""
        elif event.startswith("another") and not self.in_flight:
            if event == "another stores":
                self.stored.append("another")
            else:
                self.in_flight = "another"
        return fate

    async def ask(self, _: str, __: bytes, headers: dict[str, str]) -> list[object]:
        fate = self._between()
        if fate == "lost":
            raise RetryError("no answer")
        answer = self._propose(headers[NAME], int(headers[LAST]), later=fate.startswith("in flight"))
        if fate != "answered" or answer is None:
            raise RetryError("no answer")
        return [answer]

    def _propose(self, name: str, expected: int, *, later: bool) -> object:
        if self.in_flight:
            return ApiError(IN_FLIGHT, "wrong last sequence")
        if expected != len(self.stored):
            return ApiError(WRONG_LAST_SEQUENCE, f"wrong last sequence: {len(self.stored)}")
        if later:
            self.in_flight = name
            return None
        self.stored.append(name)
        return Stored(len(self.stored))

    def decode(self, answer: object, _: type) -> object:
        if isinstance(answer, ApiError):
            raise answer
        return answer

    async def api(self, *_: object) -> Got:
        if self._between() == "lost":
            raise RetryError("no answer")
        if not self.stored:
            raise ApiError(NO_MESSAGE[0], "no message found")
        headers = base64.b64encode(f"NATS/1.0\r\n{NAME}: {self.stored[-1]}\r\n\r\n".encode()).decode()
        return Got(Raw(len(self.stored), "", "", "", headers))

    async def with_retries(self, attempt: Any) -> Any:
        for _ in range(100):
            try:
                return await attempt()
            except RetryError:
                pass
        raise AssertionError("it is never decided")


class Opened:
    async def open(self, _: int) -> None:
        pass


def put(leader: Any, fence: Fence) -> Outgoing:
    sessions: Any = Opened()
    writer = Writer(leader, 64, sessions)
    message = writer.message(URL, b"own", fence)
    asyncio.run(writer.put([message]))
    return message


@given(st.integers(0, 2), st.lists(st.tuples(BETWEEN, REQUEST), max_size=12))
@example(1, [("another is in flight", "answered"), ("commit", "answered")])
@example(
    1,
    [
        ("nothing", "in flight, no answer"),
        ("nothing", "answered"),
        ("commit", "answered"),
        ("another stores", "answered"),
    ],
)
def test_what_is_said_of_a_put_is_true(earlier: int, script: list[tuple[str, str]]) -> None:
    leader = Leader(earlier, script)
    message = put(leader, Fence([earlier] * 64))
    own = message.headers[NAME]
    stored = [*leader.stored, leader.in_flight]  # what is in flight may be stored later
    assert stored.count(own) <= 1, "stored twice"
    if own in stored:
        assert stored.index(own) == earlier, "stored over something newer"
    if message.position:
        assert leader.stored[message.position.sequence - 1] == own
    else:
        assert message.overtaken
        assert message.maybe_stored or own not in stored, "stored, and put again by the intake"


def test_a_refused_put_is_known_as_not_stored() -> None:
    """Of two concurrent clients one was answered 503, as if its put were perhaps stored: 20 % of the requests."""
    partition = partition_of(URL, 64)
    leader = Leader(1, [("another is in flight", "answered"), ("commit", "answered")])
    message = put(leader, Fence([1] * 64))
    assert (message.overtaken, message.maybe_stored, message.replaces) == (True, False, 2)
    assert leader.stored == ["another"] * 2
    assert put(leader, Fence([message.replaces] * 64)).position == (partition, 3)
