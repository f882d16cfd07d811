"""Which requests were begun: a file of lines that outlives kill -9, so that a restart does not ask for the same again.

A request can't be remembered in the same moment in which it is sent. So it is noted before it is sent; what was
noted, and has no outcome in the frontier, was under way when the process died: nobody knows whether the site has
answered. Such a page waits for the least interval, as if it had. Nothing is synced: a power failure forgets the last
notes, and those pages may be asked for again.
"""

from __future__ import annotations

import os
import time
from typing import BinaryIO

FILE = "begun"
MAX_BYTES = 1 << 20  # then it is written anew, with what is under way alone


class Journal:
    """The requests under way. Used by one thread."""

    def __init__(self, folder: str) -> None:
        """Use the file in the data folder `folder`."""
        self._path = os.path.join(folder, FILE)
        self._file: BinaryIO | None = None
        self._under_way: dict[str, float] = {}

    def begun(self) -> dict[str, float]:
        """Return when each url that was noted by the process before was begun, in seconds since the epoch."""
        try:
            with open(self._path, "rb") as file:
                lines = file.read().decode("utf-8", "replace").split("\n")[:-1]  # the last one is torn, or empty
        except FileNotFoundError:
            return {}
        pairs = (line.partition(" ") for line in lines)
        return {url: float(moment) for moment, _, url in pairs if url and moment.replace(".", "", 1).isdecimal()}

    def start(self) -> None:
        """Begin a new file; what the old one said must be in the frontier by now."""
        self.close()
        temporary = f"{self._path}.new"
        self._file = open(temporary, "wb", buffering=0)  # noqa: SIM115 (open as long as the process runs)
        self._file.write(b"".join(_line(url, moment) for url, moment in self._under_way.items()))
        os.replace(temporary, self._path)

    def begin(self, url: str) -> None:
        """Note that `url` is about to be asked for."""
        if self._file is None or self._file.tell() > MAX_BYTES:
            self.start()
        assert self._file is not None
        moment = self._under_way[url] = time.time()
        self._file.write(_line(url, moment))

    def end(self, url: str) -> None:
        """Forget `url`: what came of it is in the frontier."""
        self._under_way.pop(url, None)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _line(url: str, moment: float) -> bytes:
    return f"{moment:.3f} {url}\n".encode()
