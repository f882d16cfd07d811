"""A running searchengine, asked over HTTP."""

from __future__ import annotations

from urllib.parse import urlencode

import msgspec

from lightship.checks.asking import look_up
from lightship.core.errors import WrongAnswerError
from lightship.searchengine.search.api import Answer, Hit

_decode = msgspec.json.Decoder(Answer).decode


class RemoteIndex:
    """Searches the searchengine at `name` (host:port); of several addresses, the first one."""

    def __init__(self, name: str) -> None:
        """Look up `name`; raises UnavailableError."""
        self._server = look_up([name])[0]

    @property
    def documents(self) -> int:
        """The number of documents; raises UnavailableError, WrongAnswerError."""
        return self._ask("", 1).index.documents

    def search(self, query: str, size: int) -> list[Hit]:
        """Return the first `size` results of `query`; raises UnavailableError, WrongAnswerError."""
        return self._ask(query, size).hits

    def _ask(self, query: str, size: int) -> Answer:
        reply = self._server.expect(f"/search?{urlencode({'q': query, 'size': size, 'format': 'json'})}")
        try:
            return _decode(reply.body)
        except msgspec.MsgspecError as error:
            raise WrongAnswerError(f"{self._server} is not a searchengine: {error}") from error
