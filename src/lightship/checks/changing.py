"""Checks of added documents: they are found on every replica, in order, and are gone once deleted.

The documents are below https://lightship-test.invalid/ and consist of made-up words; they are deleted at the end.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from lightship.checks.asking import Reply, Server, until
from lightship.config import token
from lightship.core.errors import WrongAnswerError
from lightship.http.tokens import authorization

SITE = "https://lightship-test.invalid"
COUNT = 8  # documents
ASKED = 6  # requests at least: there may be several replicas behind one address
_LETTERS = "bcdfghjklmnpqrtvwxz"  # makes no word of any language, and nothing that a stemmer shortens
_BUSY = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}  # temporary: retried


class Trial:
    """The documents of one run: number n (from 1) contains `word` n times in `COUNT` words, so the last ranks best."""

    def __init__(self, replicas: Sequence[Server], intakes: Sequence[Server]) -> None:
        """Prepare the documents; nothing is added yet."""
        self.replicas, self.intakes = replicas, intakes
        self.word = _made_word()
        self._folder = f"{SITE}/{secrets.token_hex(8)}"
        self.position = ""

    @property
    def urls(self) -> list[str]:
        """The URLs of all documents, the best match for `word` first."""
        return [self._url(number) for number in range(COUNT, 0, -1)]

    def _url(self, number: int) -> str:
        return f"{self._folder}/{number}"

    def refused(self) -> str:
        """Check that a malformed line is rejected by number, nothing is stored, and a configured secret is required."""
        good = self._line(COUNT + 1, self.word)  # `added` would find it
        bad = b'{"url": "https://lightship-test.invalid/bad", "title": 5}'
        for intake in self.intakes:
            reply = self._send(intake, "POST", "/documents", good + bad)
            if reply.status != HTTPStatus.BAD_REQUEST or reply.json().get("line") != 2:
                raise WrongAnswerError(
                    f"{intake} did not reject line 2 of a malformed request: {reply.status} {reply.text[:200]!r}"
                )
            if token():
                intake.expect("/documents", HTTPStatus.UNAUTHORIZED, method="POST", body=good)
        return f"{len(self.intakes)} intakes" if len(self.intakes) > 1 else ""

    def added(self) -> str:
        """Check that queries with the position of an added batch find all its documents at once, on every replica."""
        texts = (
            f"{' '.join([self.word] * number + ['lamp'] * (COUNT - number))} 搜索引擎" for number in range(1, COUNT + 1)
        )
        lines = [self._line(number, text) for number, text in enumerate(texts, 1)]
        begun = time.monotonic()
        self.position = self._change(self.intakes, "POST", "/documents", b"".join(lines))
        asked = self._found(self.word, self.urls)
        return f"{COUNT} documents, visible to all {asked} requests after {(time.monotonic() - begun) * 1000:.0f} ms"

    def everywhere(self) -> str:
        """Check that every intake accepts changes for all shards."""
        for intake in self.intakes:
            word = _made_word()
            self.position = self._change([intake], "POST", "/documents", self._line(1, f"{self.word} {word}"))
            self._found(word, self.urls[-1:])
        return f"{len(self.intakes)} of them"

    def understood(self) -> str:
        """Check words, phrases, Chinese without spaces, exclusions and `site:`."""
        expected = {
            f'"{self.word} lamp"': set(self.urls[1:]),
            f"{self.word} 索引擎 site:lightship-test.invalid": set(self.urls),
            f"{self.word} -lamp": {self.urls[0]},
            f"{self.word} site:lightship-test.invalid": set(self.urls),
            f"{self.word} site:example.org": set(),
        }
        for query, urls in expected.items():
            for replica in self.replicas:
                hits = [hit["url"] for hit in self._search(replica, query)["hits"]]
                found = {url for url in hits if url.startswith(self._folder)}  # a concurrent run may have similar ones
                if found != urls:
                    raise WrongAnswerError(f"{replica}: {query} finds {sorted(found)}, not {sorted(urls)}")
        return ""

    def ranked(self) -> str:
        """Check that every replica returns the same order and scores, best first, for any number of shards."""
        seen: dict[Server, dict[str, Any]] = defaultdict(dict)

        def same() -> bool:
            for replica in self._asked():
                answer = self._search(replica, self.word)
                hits = [(hit["url"], hit["score"]) for hit in answer["hits"]]
                if [url for url, _ in hits] != self.urls:
                    raise WrongAnswerError(f"{replica} does not rank the documents with most of a word first: {hits}")
                generations = json.dumps([answer["index"]["layout"], answer["index"]["generation"]], sort_keys=True)
                for other, answers in seen.items():
                    if answers.get(generations, hits) != hits:
                        raise WrongAnswerError(
                            f"{replica} and {other} rank differently in the same generation: {hits}, {answers[generations]}"
                        )
                seen[replica][generations] = hits
            return bool(set.intersection(*(set(answers) for answers in seen.values())))

        until(same, "all replicas answer from the same generations")
        return f"{sum(map(len, seen.values()))} answers compared"

    def replaced(self) -> str:
        """Check that the former text of a replaced document is no longer found."""
        new = _made_word()
        self.position = self._change(self.intakes, "POST", "/documents", self._line(COUNT, new))
        self._found(new, self.urls[:1])
        self._found(self.word, self.urls[1:])
        return ""

    def deleted(self) -> str:
        """Check that queries with the position of a deletion find only the remaining documents."""
        kept, gone = self.urls[1:2], [*self.urls[:1], *self.urls[2:]]
        self.position = self._delete(gone)
        self._found(self.word, kept)
        return ""

    def removed(self) -> str:
        """Delete all documents, whichever of them the run has added or deleted; deleting twice is harmless."""
        self.position = self._delete([*self.urls, self._url(COUNT + 1)])
        self._found(self.word, [])
        return ""

    def _line(self, number: int, text: str) -> bytes:
        document = {"url": self._url(number), "title": f"Document {number}", "text": text, "language": "en"}
        return json.dumps(document).encode() + b"\n"

    def _found(self, query: str, urls: Sequence[str]) -> int:
        """Check that every query with the last change's position finds exactly `urls`; return the number of queries."""
        asked = 0
        for replica in self._asked():
            found = sorted(hit["url"] for hit in self._search(replica, query)["hits"])
            if found != sorted(urls):
                raise WrongAnswerError(
                    f"{replica}: {query} finds {found}, not {sorted(urls)}, with min_position={self.position}"
                )
            asked += 1
        return asked

    def _asked(self) -> Iterable[Server]:
        return itertools.islice(itertools.cycle(self.replicas), max(len(self.replicas), ASKED))

    def _search(self, replica: Server, query: str) -> dict[str, Any]:
        parameters = {"q": query, "format": "json", "size": 100, "min_position": self.position}
        return replica.expect(f"/search?{urlencode(parameters)}").json()

    def _change(self, intakes: Sequence[Server], method: str, target: str, body: bytes | None = None) -> str:
        """Send a change and return its position; retry elsewhere, as clients must while a log elects a leader."""
        replies: list[Reply] = []

        def accepted() -> bool:
            intake = intakes[len(replies) % len(intakes)]
            replies.append(self._send(intake, method, target, body))
            return replies[-1].status not in _BUSY

        until(accepted, f"a change is accepted at {', '.join(map(str, intakes))}")
        if replies[-1].status != HTTPStatus.OK:
            raise WrongAnswerError(f"an intake rejected a change: {replies[-1].status} {replies[-1].text[:300]!r}")
        return str(replies[-1].json()["position"])

    def _delete(self, urls: Sequence[str]) -> str:
        return self._change(self.intakes, "DELETE", f"/documents?{urlencode([('url', url) for url in urls])}")

    def _send(self, intake: Server, method: str, target: str, body: bytes | None = None) -> Reply:
        if body is not None:
            target += f"?digest={hashlib.sha256(body).hexdigest()}"
        return intake.ask(target, method=method, body=body, headers=authorization(token(), method, target))


def _made_word() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(14))
