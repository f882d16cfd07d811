"""Webhooks are signed as Standard Webhooks says, and posted again until they are taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from lightship.cli.watching.stream import Event
from lightship.cli.watching.webhook import PREFIX, Webhook, new_secret, signature
from lightship.core.errors import ConfigurationError

EVENT = Event("added", "log-1.2", {"url": "https://ex.org/ä"})


class Receiver(http.server.ThreadingHTTPServer):
    """Answers with the statuses given, then with 204; keeps what was posted."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.statuses, self.got = list(statuses), list[tuple[dict[str, str], bytes]]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def test_the_signature_is_that_of_the_specification() -> None:
    # https://github.com/standard-webhooks/standard-webhooks: the example of its libraries
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}')
    assert signed == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_an_event_is_posted_again_with_the_same_id_until_it_is_taken(receiver: Receiver) -> None:
    receiver.statuses = [500, 404]
    pauses, secret = list[float](), new_secret()
    Webhook(receiver.url, secret, pauses.append).post(EVENT)
    assert pauses == [1.0, 2.0]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    headers, body = receiver.got[-1]
    assert msgspec.json.decode(body) == {"type": "added", "data": {"url": "https://ex.org/ä"}}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix(PREFIX))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_two_events_have_two_ids(receiver: Receiver) -> None:
    webhook = Webhook(receiver.url, new_secret())
    webhook.post(EVENT)
    webhook.post(EVENT._replace(id="log-1.3"))
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 2


def test_a_receiver_that_is_gone_for_good_ends_it(receiver: Receiver) -> None:
    receiver.statuses = [410]
    with pytest.raises(ConfigurationError, match="410"):
        Webhook(receiver.url, new_secret()).post(EVENT)


@pytest.mark.parametrize(
    ("url", "secret"), [("ex.org/hook", "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0"), ("http://ex.org", "whsec_no base64")]
)
def test_a_wrong_url_or_secret_is_an_error(url: str, secret: str) -> None:
    with pytest.raises(ConfigurationError):
        Webhook(url, secret)
