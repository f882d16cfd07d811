"""A load balancer with its clients: asks replicas all the time, each as long as it is ready."""

from __future__ import annotations

import http.client
import select
import threading
from collections.abc import Callable, Sequence

from made import Caller

PROBE_SECONDS = 0.1
THREADS = 4


class Balancer:
    """Sends queries to the replicas that its last probes of /readyz found ready, and keeps what `check` says of answers."""

    def __init__(self, ports: Sequence[int], check: Callable[[bytes], str], query: str = "page") -> None:
        """Begin to ask for `query`; `check` returns what is wrong with an answer in JSON, or an empty string."""
        self.callers = [Caller(port) for port in ports]
        self.ready = list(self.callers)
        self.answered, self.failed = 0, list[str]()
        self._check, self._target = check, f"/?q={query}&format=json"
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._probe)]
        self._threads += [threading.Thread(target=self._ask, args=(number,)) for number in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def _probe(self) -> None:
        while not self._stop.wait(PROBE_SECONDS):
            self.ready = [caller for caller in self.callers if is_ready(caller)]

    def _ask(self, number: int) -> None:
        kept: dict[int, http.client.HTTPConnection] = {}
        while not self._stop.is_set():
            number += 1
            ready = self.ready
            if not ready:
                self.failed.append("no replica is ready")
                return
            port = ready[number % len(ready)].port
            connection = kept.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=10))
            if connection.sock is not None and select.select([connection.sock], [], [], 0)[0]:
                connection.close()  # it was closed by the other side while it was idle: any pool of connections looks
            try:
                connection.request("GET", self._target)
                response = connection.getresponse()
                body = response.read()
                trouble = self._check(body) if response.status == 200 else f"{response.status} {body[:200]!r}"
                if trouble:
                    self.failed.append(f"{port}: {trouble}")
                self.answered += 1
            except OSError as error:
                self.failed.append(f"{port}: {error!r}")
                connection.close()
        for connection in kept.values():
            connection.close()

    def close(self) -> None:
        """Ask no more."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


def is_ready(caller: Caller) -> bool:
    """Tell whether a replica wants to be asked."""
    try:
        return caller.get("/readyz").status == 200
    except OSError:
        return False
