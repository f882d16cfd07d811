"""The output folder of `lightship deploy`: which files have to change, and the files with secrets."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from lightship.core.errors import ConfigurationError
from lightship.deploy.render import WRITTEN_BY
from lightship.runtime.files import write_atomically

PRIVATE = 0o600


class Change(NamedTuple):
    """A file whose text is `old` and should be `new`; None: no file."""

    name: str
    old: str | None
    new: str | None

    @property
    def verb(self) -> str:
        """What happens to the file."""
        return "removed" if self.new is None else "changed" if self.old is not None else "new"

    def diff(self) -> str:
        """Return the difference in the format of `diff -u`."""
        lines = difflib.unified_diff(
            (self.old or "").splitlines(), (self.new or "").splitlines(),
            self.name if self.old is not None else "/dev/null", self.name if self.new is not None else "/dev/null",
            lineterm="",
        )  # fmt: skip
        return "\n".join(lines) + "\n"


def changes(folder: Path, files: Mapping[str, str]) -> list[Change]:
    """Return the changes after which `folder` holds `files` (by name); leftovers of earlier deployments are removed.

    Raises ConfigurationError if a file of that name exists that `lightship deploy` did not write.
    """
    present = {
        path.name: _read(path)
        for path in sorted(folder.glob("*")) + sorted(folder.glob(".gitignore"))
        if path.is_file()
    }
    for name in files.keys() & present.keys():
        if not _ours(present[name]):
            raise ConfigurationError(
                f"{folder / name} was not written by `lightship deploy`; move it away, or choose another --output"
            )
    found = [Change(name, present.get(name), text) for name, text in files.items() if present.get(name) != text]
    stale = [Change(name, text, None) for name, text in present.items() if _ours(text) and name not in files]
    return sorted(found + stale)


def apply(folder: Path, found: list[Change]) -> None:
    """Make the changes; the files are world-readable, for the user that runs the containers."""
    folder.mkdir(parents=True, exist_ok=True)
    for change in found:
        path = folder / change.name
        if change.new is None:
            path.unlink()
        else:
            write_atomically(str(path), change.new.encode())
            path.chmod(0o644)


def missing(folder: Path, names: Mapping[str, str]) -> list[str]:
    """Return which of the secret files do not exist."""
    return [name for name in names if not os.path.lexists(folder / name)]


def keep_secrets(folder: Path, files: Mapping[str, str]) -> list[str]:
    """Write those secret files that do not exist, and return their names; existing ones are neither read nor replaced.

    All become readable by their owner only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = missing(folder, files)
    for name, text in files.items():
        if name in made:
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE)
            with open(descriptor, "w") as file:
                file.write(text)
                os.fsync(descriptor)
        elif (folder / name).stat().st_mode & 0o077:
            (folder / name).chmod(PRIVATE)
    return made


def _ours(text: str) -> bool:
    return WRITTEN_BY in text.partition("\n")[0]


def _read(path: Path) -> str:
    return path.read_text(errors="replace")
