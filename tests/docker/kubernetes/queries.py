"""Queries to the pods that are ready, as a Service sends them that hears of it at once."""

from __future__ import annotations

import http.client
import itertools
import json
import subprocess
import threading
from urllib.parse import urlencode

from docker.load import query, wrong

FIELDS = (".metadata.name", ".status.conditions[0].status", ".status.podIP", ".metadata.deletionTimestamp")
PODS = ["kubectl", "--namespace=lightship-test", "get", "pods", "--watch",
        f"--output=jsonpath={'|'.join(f'{{{field}}}' for field in FIELDS)}{{'\\n'}}"]  # fmt: skip


def ask(address: str, number: int) -> str:
    """Ask query `number` of a searchengine; return what is wrong with the answer, or an empty string."""
    connection = http.client.HTTPConnection(address, 8080, timeout=10)
    try:
        connection.request("GET", f"/search?{urlencode({'q': query(number), 'format': 'json'})}")
        response = connection.getresponse()
        body = response.read()
        return wrong(number, json.loads(body)) if response.status == 200 else f"{response.status} {body[:200]!r}"
    except (OSError, http.client.HTTPException) as error:
        return f"{address}: {error!r}"
    finally:
        connection.close()


class Queries:
    """Asks each ready searchengine in turn, `RATE` times a second."""

    RATE = 50

    def __init__(self, ready: dict[str, str]) -> None:
        """Begin with the addresses of those that are ready, by their names."""
        self._ready, self._stop = dict(ready), threading.Event()
        self.asked, self.wrong, self.replaced, self.fewest = 0, list[str](), list[str](), len(ready)
        self._watch = subprocess.Popen(PODS, stdout=subprocess.PIPE, text=True)
        self._threads = [threading.Thread(target=each) for each in (self._follow, self._ask)]
        for thread in self._threads:
            thread.start()

    def _follow(self) -> None:
        assert self._watch.stdout
        for line in self._watch.stdout:
            name, ready, address, deleted = line.strip().split("|")
            if not name.startswith("searchengine-"):
                continue
            if ready == "True" and not deleted:
                self._ready[name] = address
            elif name in self._ready:
                del self._ready[name]
                self.replaced.append(name)
            self.fewest = min(self.fewest, len(self._ready))

    def _ask(self) -> None:
        for number in itertools.count():
            addresses = sorted(self._ready.values())
            self.asked += 1
            if trouble := ask(addresses[number % len(addresses)], number) if addresses else "none is ready":
                self.wrong.append(trouble)
            if self._stop.wait(1 / self.RATE):
                return

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        self._watch.terminate()
        for thread in self._threads:
            thread.join()
        self._watch.communicate()
