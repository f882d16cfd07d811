"""A connection to NATS servers that reconnects indefinitely, on an event loop in its own thread.

Threads pass coroutines to `run`. Requests are answered through one inbox; attempts without an answer are retried
(`with_retries`) for `PATIENCE`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import logging
import math
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
import uvloop
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error
from nats.js import JetStreamContext

from lightship.core.errors import ConfigurationError, LightshipError, UnavailableError, words
from lightship.doclog.jetstream.client.address import Address
from lightship.doclog.jetstream.client.errors import Failure, RetryError, hopeless, is_denial, refusal
from lightship.doclog.jetstream.client.requests import Requests
from lightship.doclog.protocol.log import PATIENCE
from lightship.runtime.tasks import cancel

logger = logging.getLogger("log")

ANSWER_SECONDS = 2.0  # timeout after which a request, perhaps lost in a restart, is repeated
RETRY_SECONDS = 0.1
HURRY_SECONDS = 2.0  # timeout in a program that is stopping
BUFFER_BYTES = 64 << 20  # of unsent data

T = TypeVar("T")
Answer = TypeVar("Answer", bound=msgspec.Struct)


class _Refused(msgspec.Struct):
    error: Failure | None = None


_refused = msgspec.json.Decoder(_Refused)


class _Client(Client):
    """A client that closes the socket of a failed attempt; nats-py leaves it to the garbage collector."""

    async def _connect_to_server(self, s: Any) -> None:
        if self._transport is not None:
            self._transport.close()  # type: ignore[no-untyped-call]
        await super()._connect_to_server(s)


class _SecureClient(_Client):
    """A client that sends nothing, least of all a password, to a server that does not offer TLS."""

    async def _process_info(self, info: dict[str, Any], initial_connection: bool = False) -> None:
        if not info.get("tls_required"):
            raise ConfigurationError("the server does not offer TLS; enable it there, or use nats:// instead of tls://")
        await super()._process_info(info, initial_connection)


class Connection:
    """A connection to the servers of `address`; `run` may be called in any thread, coroutines only in its own.

    Raises ConfigurationError if the servers refuse user, password or TLS, UnavailableError if none answers in time.
    """

    def __init__(self, address: Address, tls: ssl.SSLContext | None) -> None:
        """Connect."""
        self.address = address
        self._tls = tls
        self._client: Client | None = None
        self._closing = False
        self._hurried = math.inf  # deadline of all attempts after `hurry`, by the loop's clock
        self._requests = Requests()
        self._listening: tuple[str, Callable[[bytes], None], Callable[[], None]] | None = None
        self._last_error = ""  # for messages
        self._hopeless: asyncio.Future[LightshipError]
        self._denials = 0
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, name="nats", daemon=True)
        self._thread.start()
        try:
            self.run(self._open())
        except BaseException:
            self.close()
            raise

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run `coroutine` in the loop and return its result; the calling thread waits."""
        try:
            self.check_open()
        except UnavailableError:
            coroutine.close()
            raise
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        except concurrent.futures.CancelledError:
            raise self._closed_error() from None

    def check_open(self) -> None:
        """Raise UnavailableError if this is closed."""
        if self._closing:
            raise self._closed_error()

    def _closed_error(self) -> UnavailableError:
        return UnavailableError(f"the log {self.address} is closed")

    def hurry(self) -> None:
        """Reduce all timeouts to HURRY_SECONDS from now on. Callable from any thread."""
        self._hurried = min(self._hurried, self._loop.time() + HURRY_SECONDS)

    @property
    def max_payload(self) -> int:
        """The largest message, with headers, that the server accepts, in bytes."""
        return self._client.max_payload if self._client else 0

    def close(self) -> None:
        """Close the connection and end the thread."""
        if self._closing:
            return
        self._closing = True
        asyncio.run_coroutine_threadsafe(self._shut(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def _shut(self) -> None:
        if self._client is not None:
            await self._client.close()
        await cancel([task for task in asyncio.all_tasks() if task is not asyncio.current_task()])

    async def _open(self) -> None:
        self._hopeless = self._loop.create_future()
        connecting = self._loop.create_task(self._connect())
        ends: list[asyncio.Future[Any]] = [connecting, self._hopeless]
        await asyncio.wait(ends, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            connecting.result()
            return
        connecting.cancel()
        if self._hopeless.done():
            raise self._hopeless.result()
        raise UnavailableError(f"no server of the log {self.address} answers: {self._last_error}; start one")

    async def _connect(self) -> None:
        """Create a client, which reconnects indefinitely; if a server closes it, it is created again."""
        self._client = client = (_SecureClient if self.address.secure else _Client)()
        await client.connect(
            [f"{self.address.scheme}://{server}" for server in self.address.servers],
            user=self.address.user or None,
            password=self.address.password or None,
            tls=self._tls,
            name=f"lightship {self.address.name}",
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_reconnected,
            closed_cb=self._on_closed,
            connect_timeout=2,
            reconnect_time_wait=0.2,  # type: ignore[arg-type]
            max_reconnect_attempts=-1,
            ping_interval=1,
            max_outstanding_pings=4,  # so that a hung server is abandoned after 5 s
            pending_size=BUFFER_BYTES,
        )
        await self._requests.use(client)
        if self._listening:
            await self.listen(*self._listening)
            self._listening[2]()

    async def listen(self, subject: str, heard: Callable[[bytes], None], missed: Callable[[], None]) -> None:
        """Call `heard` with each message of `subject` from now on, and `missed` after a lost connection."""
        self._listening = subject, heard, missed

        async def call(message: Msg) -> None:
            heard(message.data)

        assert self._client is not None
        await self._client.subscribe(subject, cb=call)

    async def _on_error(self, error: Exception) -> None:
        """Record errors that nats-py reports only here: failures to connect, and denied permissions."""
        final = hopeless(error, self.address)
        if final is not None and not self._hopeless.done():
            self._hopeless.set_result(final)
        self._denials += is_denial(error)
        if words(error) != self._last_error:
            self._last_error = words(error)
            logger.warning("the log %s: %s", self.address, self._last_error)

    async def _on_disconnected(self) -> None:
        self._requests.fail()

    async def _on_reconnected(self) -> None:
        logger.warning("the log %s: reconnected", self.address)
        self._last_error = ""
        if self._listening:
            self._listening[2]()

    async def _on_closed(self) -> None:
        if not self._closing:
            self._again = self._loop.create_task(self._connect())

    async def send(
        self, subject: str, payload: bytes = b"", headers: dict[str, str] | None = None, *, many: bool = False
    ) -> asyncio.Future[list[Msg]]:
        """Send a request (see `Requests`); raise RetryError without a connection."""
        if self._client is None or not self._client.is_connected:
            raise RetryError(f"not connected {self._last_error}".rstrip())
        return await self._requests.send(self._client, subject, payload, headers, many=many)

    async def ask(
        self, subject: str, payload: bytes = b"", headers: dict[str, str] | None = None, *, many: bool = False
    ) -> list[Msg]:
        """Send a request and return its answer (see `send`); raise RetryError on a timeout."""
        try:
            return await asyncio.wait_for(await self.send(subject, payload, headers, many=many), ANSWER_SECONDS)
        except TimeoutError:
            raise RetryError("no answer") from None

    async def api(self, name: str, request: object, kind: type[Answer]) -> Answer:
        """Return JetStream's answer to a request; raise `refusal` of an error response."""
        (message,) = await self.ask(f"$JS.API.{name}", msgspec.json.encode(request))
        return self.decode(message, kind)

    def decode(self, message: Msg, kind: type[Answer]) -> Answer:
        """Decode JetStream's answer; raise `refusal` of an error response."""
        if message.headers and message.headers.get("Status") == "503":
            raise RetryError("no server is responsible for this request")
        failure = _refused.decode(message.data).error
        if failure is not None:
            raise refusal(failure, self.address)
        return msgspec.json.decode(message.data, type=kind)

    def jetstream(self) -> JetStreamContext:
        """Return nats-py's own JetStream client, for rare operations; raise RetryError without a connection."""
        if self._client is None or not self._client.is_connected:
            raise RetryError("not connected")
        return self._client.jetstream(timeout=ANSWER_SECONDS)

    async def publish(self, subject: str, payload: bytes) -> None:
        """Send a message without waiting for it; it may be lost."""
        try:
            if self._client is not None and self._client.is_connected:
                await self._client.publish(subject, payload)
        except (Error, OSError) as error:
            logger.debug("not sent: %s", error)

    async def with_retries(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Return the result of `attempt`, retried for `PATIENCE` while it raises RetryError.

        Raises UnavailableError after that, ConfigurationError if the server denies it.
        """
        began = self._loop.time()
        deadline = began + PATIENCE
        denials = self._denials
        while True:
            try:
                return await attempt()
            except RetryError as error:
                reason = words(error)
            self.check_open()  # the loss of the connection may hide that this was cancelled
            if self._denials > denials:
                raise ConfigurationError(
                    f"the log {self.address} denies this user an operation: {self._last_error}; see docs/operating.md"
                )
            if (now := self._loop.time()) > min(deadline, self._hurried):
                raise UnavailableError(
                    f"the log {self.address} did not answer for {now - began:.0f} s: {reason}"
                    f" {self._last_error}; check its servers, and try again"
                )
            await asyncio.sleep(RETRY_SECONDS)
