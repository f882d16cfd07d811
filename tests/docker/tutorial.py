"""Reads a tutorial, and runs it as a reader does: in one terminal, with others for what goes on until Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from support import wait_until

SECONDS = 240  # for one block
STOP_SECONDS = 20


class Block(NamedTuple):
    """One fenced block.

    `kind` is `sh` (run), `sh background` (run until the section ends), `sh systemd` (run on a machine with systemd),
    `sh kubernetes` (needs a cluster: not run) or `text` (what the block before prints).
    """

    section: str
    kind: str
    text: str


def blocks(tutorial: Path) -> list[Block]:
    """Return all fenced blocks, each with the heading that it stands under."""
    found, section = list[Block](), ""
    for heading, kind, text in re.findall(r"^## (.+)$|^```(.+)\n([\s\S]*?)^```$", tutorial.read_text(), re.MULTILINE):
        section = heading or section
        if kind:
            found.append(Block(section, kind, text))
    return found


def expected(text: str) -> Iterator[re.Pattern[str]]:
    """Yield what finds each line of a `text` block; … stands for anything."""
    for line in text.splitlines():
        yield re.compile(".*".join(map(re.escape, line.split("…"))))


class Reader:
    """Terminals in a folder."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], shell: Sequence[str] = ("bash",), name: str = "terminal"
    ) -> None:
        """Open the first terminal, in which `shell` runs."""
        self.folder, self.environment = folder, environment
        self._log = folder.parent / f"{name}.log"
        with self._log.open("wb") as output:
            self._shell = subprocess.Popen(
                shell, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=output, text=True
            )
        self._background = list[tuple[str, subprocess.Popen[bytes]]]()
        self._count = 0
        self.seconds = dict[str, float]()  # that each block took, by its first line
        self.run("set -eo pipefail")

    def run(self, text: str) -> str:
        """Run a block in the first terminal; return what it printed, raise AssertionError when a command of it failed."""
        self._count += 1
        begun = time.monotonic()
        end, before = f"[block {self._count} is done]", self._log.stat().st_size
        assert self._shell.stdin is not None
        self._shell.stdin.write(f"{{\n{text}\n}} </dev/null\necho '{end}'\n")
        self._shell.stdin.flush()

        def printed() -> str:
            return self._log.read_bytes()[before:].decode(errors="replace")

        wait_until(lambda: end in printed() or self._shell.poll() is not None, SECONDS, f"the end of:\n{text}")
        assert end in printed(), f"a command failed:\n{text}\n{printed()[-6000:]}"
        self.seconds[text.partition("\n")[0]] = time.monotonic() - begun
        return printed().removesuffix(f"{end}\n")

    def start(self, text: str) -> None:
        """Run a block in a terminal of its own."""
        with (self.folder.parent / "background.log").open("ab") as output:
            process = subprocess.Popen(
                ["bash", "-c", f"exec {text}"], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        self._background.append((text, process))

    def wait_for(self, text: str) -> None:
        """Look at the other terminals until one shows `text`."""
        log = self.folder.parent / "background.log"
        wait_until(lambda: text in log.read_text(errors="replace"), SECONDS, f"{text!r} in another terminal")

    def interrupt(self) -> None:
        """Type Ctrl-C in every other terminal, the last one first; raise AssertionError when what runs there had ended, or doesn't."""
        while self._background:
            text, process = self._background.pop()
            assert process.poll() is None, f"it has ended with {process.returncode}: {text}"
            os.killpg(process.pid, signal.SIGINT)
            assert process.wait(STOP_SECONDS) in (0, -signal.SIGINT), text  # make repeats the signal to itself

    def close(self) -> None:
        """Close all terminals."""
        for _, process in self._background:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._shell.kill()
        self._shell.communicate()
