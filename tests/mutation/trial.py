"""Runs tests on a mutant: it is noticed by a test that fails on it, then passes on the unchanged code, and fails on it again."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import cache_from_source
from pathlib import Path

SECONDS = 600.0  # for the tests of one run
TEST_SECONDS = 120  # for one of them: one that waits for ever is noticed, too
FIRST = 4  # test files; the others are run when all of these pass


class Trial:
    """Two copies of the source, one of which is changed."""

    def __init__(self, source: Path, root: Path, folder: Path) -> None:
        """Copy `source` into `folder`; the tests are run in `root`."""
        self._root, self._folder = root, folder
        self._unchanged = Path(shutil.copytree(source, folder / "unchanged"))
        self._changed = Path(shutil.copytree(source, folder / "changed"))
        self._telling_nothing: set[str] = set()  # tests that fail on the unchanged code, or now and then

    def noticed_by(self, path: Path, source: str, tests: Sequence[Path], without: str) -> str | None:
        """Return the test that notices that the module at `path` is `source`, or None when all files of `tests` pass.

        Tests with `without` in their names are left out: a word, or several with "or" between them.
        """
        self._write(path, source)
        try:
            groups = (tests[:FIRST], tests[FIRST:])
            return next(
                filter(None, (self._noticed_by([*map(str, group)], without) for group in groups if group)), None
            )
        finally:
            self._write(path, (self._unchanged / path).read_text())

    def _write(self, path: Path, source: str) -> None:
        target = self._changed / path
        target.write_text(source)
        Path(cache_from_source(target)).unlink(missing_ok=True)  # it may be as old and as long as this one

    def _noticed_by(self, tests: list[str], without: str) -> str | None:
        while failed := self._failed(self._changed, tests, without):
            if not self._failed(self._unchanged, failed, without) and self._failed(self._changed, failed, without):
                return " ".join(failed)
            if failed == tests:
                return None
            self._telling_nothing.update(failed)
            tests = [test for test in tests if test not in failed]
        return None

    def _failed(self, copy: Path, tests: list[str], without: str) -> list[str]:
        """Return the first of `tests` that fails on the code in `copy`; all of them when that is not known."""
        cache = self._folder / "cache"
        shutil.rmtree(cache, ignore_errors=True)
        command = [
            sys.executable, "-m", "pytest", "-x", "-q", "--assert=plain", "-k", f"not ({without})", "-o", f"cache_dir={cache}",
            "-o", f"faulthandler_timeout={TEST_SECONDS}", "-o", "faulthandler_exit_on_timeout=true",
            f"--basetemp={self._folder / 'tests'}", *(f"--deselect={test}" for test in self._telling_nothing), *tests,
        ]  # fmt: skip
        environment = {
            "PYTHONPATH": str(copy),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        }  # the plugins take longer than many tests
        if _status(command, self._root, environment) in (0, 5):  # 5: none is left
            return []
        try:
            return list(json.loads((cache / "v" / "cache" / "lastfailed").read_text()))
        except FileNotFoundError:
            return tests


def _status(command: list[str], folder: Path, environment: dict[str, str]) -> int | None:
    """Run `command` in `folder` and return its status, or None if it did not end in time."""
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        return process.wait(SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGINT)  # so that it ends what it started
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        return None
