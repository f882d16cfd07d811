"""Load from outside while containers are replaced: queries at a steady rate, and documents with what they must find."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
import time
from urllib.parse import urlencode

from lightship.core.errors import LightshipError
from lightship.intake.client import IntakeClient

THREADS = 8
PAGES = 200
BEST = 12


def known_documents() -> list[dict[str, str]]:
    """Return documents of equal length: `n` has a word of its own, and, of the first ones, `lantern` n times."""
    return [
        {
            "url": f"https://known.example.org/{number}", "title": f"Known {number}", "language": "en",
            "text": " ".join(["lantern"] * (number if number <= BEST else 0) + ["harbour"] * (20 - number if number <= BEST else 20))
            + f" own{number}",
        }
        for number in range(1, PAGES + 1)
    ]  # fmt: skip


def wrong(number: int, answer: dict[str, object]) -> str:
    """Return what is wrong with the answer to query number `number`, or an empty string."""
    urls = [hit["url"].rpartition("/")[2] for hit in answer["hits"]]  # type: ignore[attr-defined]
    expected = {
        0: list(map(str, range(BEST, BEST - 10, -1))),
        1: [str(number % PAGES + 1)],
        2: None,
    }[number % 3]
    index: dict[str, object] = answer["index"]  # type: ignore[assignment]
    whole = len(index["generation"]) == int(str(index["layout"])[1:].partition("v")[0])  # type: ignore[arg-type]
    right = urls == expected if expected is not None else answer["total"] == PAGES
    return "" if right and whole else f"{query(number)}: {answer['total']} {urls} {index}"


def query(number: int) -> str:
    """Return query number `number`: the ranking of some documents, one document, or all of them."""
    return ("lantern", f"own{number % PAGES + 1}", "harbour")[number % 3]


class Load:
    """Asks at `rate` queries a second, late or not, through one address."""

    def __init__(self, port: int, rate: float) -> None:
        """Begin."""
        self._port, self._rate, self._begun = port, rate, time.monotonic()
        self._numbers, self._stop = itertools.count(), threading.Event()
        self.failed, self.wrong, self.seconds = list[str](), list[str](), list[float]()
        self._threads = [threading.Thread(target=self._ask) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("localhost", self._port, timeout=10)
        while not self._stop.is_set():
            number = next(self._numbers)
            due = self._begun + number / self._rate
            if self._stop.wait(max(0.0, due - time.monotonic())):
                break
            try:
                connection.request("GET", f"/search?{urlencode({'q': query(number), 'format': 'json'})}")
                response = connection.getresponse()
                body = response.read()
                if response.status != 200:
                    self.failed.append(f"{response.status} {body[:200]!r}")
                elif trouble := wrong(number, json.loads(body)):
                    self.wrong.append(trouble)
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection.close()
            self.seconds.append(time.monotonic() - due)
        connection.close()

    def stop(self) -> float:
        """Ask no more; return how many were answered a second."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        return len(self.seconds) / (time.monotonic() - self._begun)

    def percentile(self, share: float) -> float:
        """Return the seconds, from when a query was due to its answer, that this share of the answers took at most."""
        return sorted(self.seconds)[int(share * (len(self.seconds) - 1))]


class Writer:
    """Adds documents one after the other, and waits for each until it is found by who added it."""

    def __init__(self, intake: str, port: int, secret: str, pause: float = 0.2) -> None:
        """Begin; `intake` is host:port, `port` that of the search."""
        self._client, self._port, self._pause = IntakeClient([intake], secret), port, pause
        self._stop = threading.Event()
        self.added = 0
        self.longest = 0.0
        self.failed = list[str]()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        while not self._stop.wait(self._pause):
            number, begun = self.added + 1, time.monotonic()
            document = {"url": f"https://added.example.org/{number}", "text": f"added{number} beacon", "language": "en"}
            try:
                position = self._client.post(json.dumps(document).encode()).position
            except LightshipError as error:
                self.failed.append(f"{number} was not added: {error}")
                return
            if not self._found(f"added{number}", position, 60):
                self.failed.append(f"{number} is not found")
                return
            self.added = number
            self.longest = max(self.longest, time.monotonic() - begun)

    def _found(self, word: str, position: str, seconds: float) -> bool:
        """Ask until the answer has come to `position`; one that has must have the document."""
        deadline = time.monotonic() + seconds
        target = f"/search?{urlencode({'q': word, 'format': 'json', 'min_position': position})}"
        while time.monotonic() < deadline:
            status, body = self._get(target)
            if status == 200:
                return bool(json.loads(body)["total"] == 1)
            if status != 503:  # the indexer of its shard is being replaced
                return False
        return False

    def _get(self, target: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("localhost", self._port, timeout=15)
        try:
            connection.request("GET", target)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def stop(self) -> None:
        """Add no more."""
        self._stop.set()
        self._thread.join()
