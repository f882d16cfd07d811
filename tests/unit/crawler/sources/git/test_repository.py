"""A git repository as a source: its Markdown becomes documents, its hooks and settings have no effect."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
import trustme

from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.crawler.fetching.credentials import Credential, Entry
from lightship.crawler.sources.git.git import Git
from lightship.crawler.sources.git.repository import page_url
from lightship.crawler.sources.names import Kind, Source, parse_source
from mockweb.feeding import Feed
from mockweb.raw import RawServer, says
from support import require, wait_until

AUTHOR = ("-c", "user.name=Nobody", "-c", "user.email=nobody@example.org", "-c", "commit.gpgsign=false")


class Repository:
    """A repository with a working folder."""

    def __init__(self, folder: Path) -> None:
        require("git", shutil.which("git"))
        self.folder = folder
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=trunk")

    def git(self, *arguments: str) -> None:
        environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
        subprocess.run(["git", *AUTHOR, *arguments], cwd=self.folder, env=environment, check=True, capture_output=True)

    def write(self, path: str, text: str | bytes) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=x")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "re po")
    made.write("README.md", "---\nx: y\n---\n# Welcome\n\nto *this*")
    made.write("docs/guide.markdown", "# Guide\n\ntext of the guide")
    made.write("docs/日本 1.md", "日本語の文書")
    made.write("docs/.hidden/x.md", "hidden")
    made.write("docs/large.md", "x" * 5000)
    made.write("docs/binary.md", bytes(range(256)))
    made.write("main.py", "print()")
    (made.folder / "docs" / "link.md").symlink_to("/etc/passwd")
    made.commit()
    return made


def test_markdown_becomes_documents(feed: Feed, repository: Repository, caplog: pytest.LogCaptureFixture) -> None:
    url = f"git+{repository.folder.as_uri()}"
    with feed.running(url, max_bytes=4096):
        found = {entry.url.partition("#")[2]: entry.document for entry in feed.entries().values()}
    assert set(found) == {"README.md", "docs/guide.markdown", "docs/%E6%97%A5%E6%9C%AC%201.md"}
    readme = found["README.md"]
    assert readme
    assert (readme.url, readme.title) == (f"{url}#README.md", "Welcome")
    assert "to this" in readme.text
    assert "docs/large.md: skipped: larger than -max-bytes" in caplog.text
    assert "binary.md: binary" in caplog.text
    assert feed.progress.failed == 2
    assert not list(Path(feed.data).glob("git-*"))


def test_other_markup_becomes_documents(feed: Feed, repository: Repository) -> None:
    repository.write("docs/tides.RST", "Tides\n=====\n\n*Text*")
    repository.write("docs/moon.adoc", "= Moon\n\n_Text_")
    repository.write("docs/sun.ipynb", '{"nbformat": 4, "cells": [{"cell_type": "markdown", "source": "# Sun"}]}')
    repository.commit()
    with feed.running(f"git+{repository.folder.as_uri()}#docs"):
        found = {entry.document.title: entry.document.type for entry in feed.entries().values() if entry.document}
    assert {"Tides": "rst", "Moon": "asciidoc", "Sun": "notebook"}.items() <= found.items()


def test_new_commits_are_seen_and_a_restart_reads_nothing_again(
    feed: Feed, repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    url = f"git+{repository.folder.as_uri()}#docs"
    with feed.running(url, revisit=1.0):
        before = feed.entries()
        assert set(feed.documents()) == {"guide.markdown", "%E6%97%A5%E6%9C%AC%201.md", "large.md"}
        (repository.folder / "docs" / "large.md").unlink()
        repository.write("docs/guide.markdown", "changed")
        repository.commit()
        wait_until(lambda: len(feed.documents()) == 2, 30, "the commit is seen")
        assert feed.documents()["guide.markdown"].text == "changed"
        kept = next(url for url in before if "%E6" in url)
        assert feed.entries()[kept] == before[kept]
    with feed.running(url):
        assert len(feed.documents()) == 2
    assert caplog.text.count(": read ") == 2
    repository.folder.rename(repository.folder.with_name("away"))
    with feed.running(url):
        assert len(feed.documents()) == 2
    assert "its documents are kept" in caplog.text


def test_a_repository_emptied_of_markdown_keeps_its_documents(
    feed: Feed, repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    with feed.running(f"git+{repository.folder.as_uri()}", revisit=1.0):
        before = feed.documents()
        repository.git("rm", "-r", "--quiet", "docs", "README.md")
        repository.commit()
        wait_until(lambda: "contains no documents any more" in caplog.text, 30, "the commit is seen")
        assert feed.documents() == before


def test_hooks_and_settings_of_a_repository_do_nothing(feed: Feed, repository: Repository, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    run = f"#!/bin/sh\ntouch {mark}\n"
    for name in ("post-checkout", "reference-transaction", "post-index-change", "pre-receive", "fsmonitor-watchman"):
        hook = repository.folder / ".git" / "hooks" / name
        hook.write_text(run)
        hook.chmod(0o755)
    script = repository.folder / ".git" / "hooks" / "post-checkout"
    for name in (
        "core.fsmonitor",
        "uploadpack.packObjectsHook",
        "core.sshCommand",
        "core.alternateRefsCommand",
        "core.pager",
    ):
        repository.git("config", name, str(script))
    repository.git("config", "filter.x.smudge", str(script))
    repository.write(".gitattributes", "*.md filter=x diff=x")
    repository.write(".gitmodules", '[submodule "x"]\npath = x\nurl = ext::sh -c touch% ' + str(mark))
    repository.git("add", "--all")
    repository.git("-c", "core.hooksPath=/dev/null", "commit", "--quiet", "--message=x")
    mark.unlink(missing_ok=True)
    with feed.running(f"git+{repository.folder.as_uri()}"):
        assert "README.md" in {entry.url.partition("#")[2] for entry in feed.entries().values()}
    assert not mark.exists()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("git+ext://sh/x", "use git.https://, git.ssh://, git.file://"),
        ("git+ext::sh -c true", "not a supported git URL"),
        ("git+http://example.org/x", "not a supported git URL"),
        ("git+https://example.org", "not a supported git URL"),
        ("git+file://host/x", "not a supported git URL"),
        ("git+https://me:s3cret@example.org/x", "-credentials"),
        ("git+https://t0ken-s3cret@example.org/x", "-credentials"),
        ("feed+https://me:s3cret@example.org/x", "-credentials"),
        ("feed+ftp://example.org/x", "is not a URL"),
    ],
)
def test_bad_sources_are_named(text: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem) as caught:
        parse_source(text)
    assert "s3cret" not in str(caught.value)


def test_good_sources(repository: Repository, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    repository.git("clone", "--quiet", "--bare", ".", str(bare))
    assert parse_source("GIT+HTTPS://example.org/a/b.git#docs") == Source(
        Kind.GIT, "git+https://example.org/a/b.git#docs"
    )
    assert parse_source("git+ssh://git@example.org/a/b") == Source(Kind.GIT, "git+ssh://git@example.org/a/b")
    assert parse_source(str(bare)) == Source(Kind.GIT, f"git+{bare.as_uri()}")
    assert parse_source(f"{bare}#docs") == Source(Kind.GIT, f"git+{bare.as_uri()}#docs")
    assert parse_source(f"{repository.folder}#docs") == Source(Kind.GIT, f"git+{repository.folder.as_uri()}#docs")
    assert parse_source(str(repository.folder)).kind is Kind.FOLDER
    assert parse_source("FEED+https://Example.org/x#y") == Source(Kind.FEED, "feed+https://example.org/x")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r/blob/main/docs/a%20b.md"),
        ("ssh://git@github.com/o/r", "https://github.com/o/r/blob/main/docs/a%20b.md"),
        ("https://gitlab.com/g/s/r/", "https://gitlab.com/g/s/r/-/blob/main/docs/a%20b.md"),
        ("https://codeberg.org/o/r", "https://codeberg.org/o/r/src/branch/main/docs/a%20b.md"),
        ("https://git.example.org/r", "git+https://git.example.org/r#docs/a%20b.md"),
        ("file:///srv/r", "git+file:///srv/r#docs/a%20b.md"),
    ],
)
def test_where_people_read_a_file(url: str, page: str) -> None:
    assert page_url(url, "main", b"docs/a b.md") == page


def test_a_server_that_says_nothing_is_left(tmp_path: Path) -> None:
    require("git", shutil.which("git"))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/x"
        began = time.monotonic()
        with (
            Git(url, str(tmp_path / "g"), threading.Event(), seconds=0.5) as git,
            pytest.raises(UnavailableError, match=r"git timed out after 0\.5 s"),
        ):
            git.head()
        stop = threading.Event()
        stop.set()
        with Git(url, str(tmp_path / "g"), stop) as git, pytest.raises(UnavailableError, match="stopped"):
            git.head()
        assert time.monotonic() - began < 60  # it would be for ever
    assert not (tmp_path / "g").exists()


def test_credentials_go_to_their_host_and_a_redirect_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    require("git", shutil.which("git"))
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("GIT_SSL_CAINFO", str(tmp_path / "ca.pem"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    credential = Credential(Entry(bearer='s3c"ret\\', cookie="a=b"), str(tmp_path))

    async def run() -> tuple[bytes, list[bytes]]:
        async with RawServer(says(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), tls=context) as other:
            away = b"HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % other.url("/y").encode()
            async with RawServer(says(away), tls=context) as server:
                with Git(server.url("/x"), str(tmp_path / "g"), threading.Event(), credential) as git:
                    with pytest.raises(UnavailableError) as caught:
                        await asyncio.to_thread(git.head)
                    assert "s3c" not in str(caught.value)
                return b"".join(server.heads), other.heads

    sent, elsewhere = asyncio.run(run())
    assert b'Authorization: Bearer s3c"ret\\\r\n' in sent
    assert b"Cookie: a=b\r\n" in sent
    assert elsewhere == []
