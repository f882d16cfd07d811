"""Runs the git program safely on untrusted repositories: no hooks, no foreign configuration, no checkout."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.crawler.fetching.credentials import Credential

SCHEMES = ("https", "ssh", "file")
SECONDS = 1800.0  # for one command
MAX_BYTES = 8 << 30  # of a clone
STALLED_SECONDS = 60  # without a byte from the server
BATCH_BYTES = 16 << 20  # of files read at once
_TREE_LINE_FIELDS = 4


def require_git(source: str) -> None:
    """Raise ConfigurationError, naming `source`, if the program git is missing."""
    if not shutil.which("git"):
        raise ConfigurationError(f"source {source} needs the program git, which is not installed; install it")


class File(NamedTuple):
    """A file of a commit: its `path` in git's bytes, the id of the `object` with its content, and the size in bytes."""

    path: bytes
    object: str
    size: int


class Git:
    """A shallow, bare clone of one repository's default branch, in `folder`, which is emptied before and after."""

    def __init__(
        self,
        url: str,
        folder: str,
        stop: threading.Event,
        credential: Credential | None = None,
        seconds: float = SECONDS,
    ) -> None:
        """Work on the repository `url` until `stop` is set."""
        self._url = url
        self._folder = folder
        self._copy = os.path.join(folder, "copy.git")
        self._stop = stop
        self._credential = credential
        self._seconds = seconds

    def __enter__(self) -> Self:
        """Create the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)
        os.makedirs(self._folder, mode=0o700)
        with open(os.open(self._config, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(_configuration(self._url, self._credential))
        return self

    def __exit__(self, *_: object) -> None:
        """Delete the copy."""
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def _config(self) -> str:
        return os.path.join(self._folder, "config")

    def head(self) -> tuple[str, str]:
        """Return the default branch and its commit; raises UnavailableError."""
        answer = self._run("ls-remote", "--symref", "--", self._url, "HEAD").decode("utf-8", "replace")
        lines = [line.split("\t") for line in answer.splitlines()]
        branch = next((name.removeprefix("ref: refs/heads/") for name, _ in lines if name.startswith("ref: ")), "HEAD")
        commit = next((name for name, what in lines if what == "HEAD" and not name.startswith("ref: ")), "")
        if not commit:
            raise UnavailableError("the repository has no commits yet")
        return branch, commit

    def clone(self) -> None:
        """Fetch the newest commit of the default branch; raises UnavailableError."""
        options = ("--bare", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--template=")
        self._run("clone", *options, "--", self._url, self._copy)

    def files(self, subfolder: str) -> Iterator[File]:
        """Yield the files (no links, no submodules) below `subfolder` of the copy."""
        wanted = (f"{subfolder.strip('/')}/",) if subfolder.strip("/") else ()
        for line in self._run("--git-dir", self._copy, "ls-tree", "-r", "-z", "-l", "HEAD", "--", *wanted).split(b"\0"):
            meta, _, path = line.partition(b"\t")
            fields = meta.split()
            if len(fields) == _TREE_LINE_FIELDS and fields[0].startswith(b"100") and fields[3].isdigit():
                yield File(path, fields[2].decode("ascii"), int(fields[3]))

    def contents(self, files: Sequence[File]) -> Iterator[tuple[File, bytes]]:
        """Yield the contents of `files` of the copy."""
        for batch in _batches(files):
            names = "".join(f"{file.object}\n" for file in batch).encode()
            answer = self._run("--git-dir", self._copy, "cat-file", "--batch", given=names)
            start = 0
            for file in batch:
                start = answer.index(b"\n", start) + 1
                yield file, answer[start : start + file.size]
                start += file.size + 1

    def _run(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return the output of `git arguments`; it is killed on a timeout, when it is too large, or when stopped."""
        process = subprocess.Popen(
            ["git", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=self._environment(), cwd=self._folder, start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + self._seconds
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    output, errors = process.communicate(given, timeout=0.2)
                    break
                self._check(deadline)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)  # git's helpers too
                process.communicate()
        if process.returncode:
            reason = " ".join(errors.decode("utf-8", "replace").split())[-500:]
            raise UnavailableError(reason or f"git {arguments[0]} exited with status {process.returncode}")
        return output

    def _check(self, deadline: float) -> None:
        if self._stop.is_set():
            raise UnavailableError("stopped")
        if time.monotonic() > deadline:
            raise UnavailableError(f"git timed out after {self._seconds:g} s")
        if _size(self._folder) > MAX_BYTES:
            raise UnavailableError(f"the repository is larger than {MAX_BYTES} bytes")

    def _environment(self) -> dict[str, str]:
        """Return an environment in which git reads only this configuration, never prompts, and uses one protocol."""
        kept = ("PATH", "LD_LIBRARY_PATH", "SSH_AUTH_SOCK", "GIT_SSL_CAINFO", "SSL_CERT_FILE", "TMPDIR")
        return {
            **{name: os.environ[name] for name in kept if name in os.environ},
            "HOME": self._folder, "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": self._config,
            "GIT_TERMINAL_PROMPT": "0", "GIT_ASKPASS": "false", "SSH_ASKPASS": "false",
            "GIT_SSH_COMMAND": f"ssh -oBatchMode=yes -oConnectTimeout={STALLED_SECONDS}",
            "GIT_ALLOW_PROTOCOL": self._url.partition(":")[0],
        }  # fmt: skip


def _configuration(url: str, credential: Credential | None) -> str:
    lines = [
        "[core]", "hooksPath = /dev/null", "fsmonitor = false",
        "[http]", "followRedirects = false", f"lowSpeedLimit = 1\nlowSpeedTime = {STALLED_SECONDS}",
    ]  # fmt: skip
    parts = urlsplit(url)
    if parts.scheme == "file":  # given by the owner, so it may belong to another user
        path = unquote(parts.path)
        lines += ["[safe]", f"directory = {_quoted(path)}", f"directory = {_quoted(os.path.join(path, '.git'))}"]
    if credential:
        lines.append(f"[http {_quoted(f'{parts.scheme}://{parts.netloc}/')}]")
        lines += [f"extraHeader = {_quoted(f'{name}: {value}')}" for name, value in credential.headers.items()]
        names = ("sslCert", "sslKey")
        lines += [f"{name} = {_quoted(file)}" for name, file in zip(names, credential.files, strict=False)]
    return "\n".join(lines) + "\n"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _batches(files: Sequence[File]) -> Iterator[list[File]]:
    batch: list[File] = []
    size = 0
    for file in files:
        if batch and size + file.size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


def _size(folder: str) -> int:
    total = 0
    for base, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # git renames its files
                total += os.stat(os.path.join(base, name)).st_size
    return total
