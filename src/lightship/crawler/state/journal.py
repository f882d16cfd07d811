"""A journal of requests in flight that survives kill -9, so that a restart does not repeat them.

Sending a request and recording it can't be atomic, so it is recorded first. A recorded request without an outcome in
the frontier was in flight when the process died, and whether the site answered is unknown. Its page waits for the
least interval, as if it had been visited. The file is not synced: a power failure may lose the last entries, and those
pages may be requested again.
"""

from __future__ import annotations

import os
import time
from typing import BinaryIO

FILE = "begun"
MAX_BYTES = 1 << 20  # then the file is rewritten with the requests in flight only


class Journal:
    """The requests in flight. Used by one thread."""

    def __init__(self, folder: str) -> None:
        """Use the file in the data folder `folder`."""
        self._path = os.path.join(folder, FILE)
        self._file: BinaryIO | None = None
        self._under_way: dict[str, float] = {}

    def begun(self) -> dict[str, float]:
        """Return when each request recorded by the previous process began, by URL, in seconds since the epoch."""
        try:
            with open(self._path, "rb") as file:
                lines = file.read().decode("utf-8", "replace").split("\n")[:-1]  # the last one is torn, or empty
        except FileNotFoundError:
            return {}
        pairs = (line.partition(" ") for line in lines)
        return {url: float(moment) for moment, _, url in pairs if url and moment.replace(".", "", 1).isdecimal()}

    def start(self) -> None:
        """Begin a new file; the contents of the old one must be in the frontier by now."""
        self.close()
        temporary = f"{self._path}.new"
        self._file = open(temporary, "wb", buffering=0)  # noqa: SIM115 (open as long as the process runs)
        self._file.write(b"".join(_line(url, moment) for url, moment in self._under_way.items()))
        os.replace(temporary, self._path)

    def begin(self, url: str) -> None:
        """Record that `url` is about to be requested."""
        if self._file is None or self._file.tell() > MAX_BYTES:
            self.start()
        assert self._file is not None
        moment = self._under_way[url] = time.time()
        self._file.write(_line(url, moment))

    def end(self, url: str) -> None:
        """Forget `url`: its outcome is in the frontier."""
        self._under_way.pop(url, None)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _line(url: str, moment: float) -> bytes:
    return f"{moment:.3f} {url}\n".encode()
