"""Documents from a git repository: the documents of its default branch, read again after each new commit."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import threading
from functools import partial
from urllib.parse import quote, unquote, urlsplit

from lightship.config import CrawlerSettings
from lightship.core.errors import InvalidDocumentError, UnavailableError
from lightship.crawler.fetching.credentials import read_credentials
from lightship.crawler.output.records import Record, Records
from lightship.crawler.parsing.encodings.media import ASCIIDOC, ENDINGS, MARKDOWN, NOTEBOOK, RST
from lightship.crawler.parsing.read import LEFT_OUT, digest_of, document_of
from lightship.crawler.parsing.sandbox.pool import ParserPool, StoppedError
from lightship.crawler.parsing.sandbox.tasks import ReadPage
from lightship.crawler.sources.files.file import piece_of
from lightship.crawler.sources.git.git import File, Git, require_git
from lightship.crawler.state.progress import set_idle
from lightship.runtime.database import Database

logger = logging.getLogger(__name__)

KINDS = {ending: kind for ending, kind in ENDINGS.items() if kind in {MARKDOWN, RST, ASCIIDOC, NOTEBOOK}}
RETRY_SECONDS = 60.0  # after a failure; doubled each time, up to the revisit interval
PAGES = {  # a host's page of the file {path} of the branch {branch}
    "github.com": "{repository}/blob/{branch}/{path}",
    "gitlab.com": "{repository}/-/blob/{branch}/{path}",
    "codeberg.org": "{repository}/src/branch/{branch}/{path}",
    "bitbucket.org": "{repository}/src/{branch}/{path}",
    "git.sr.ht": "{repository}/tree/{branch}/item/{path}",
}


class RepositorySync:
    """Keeps the log up to date with the repository `source` (`git+https://…#subfolder`) while `run` runs.

    While a repository is unavailable its documents are kept.
    """

    def __init__(
        self, source: str, settings: CrawlerSettings, database: Database, records: Records, pool: ParserPool
    ) -> None:
        """Read `source`, parse in `pool`, and keep state in `records`. Raises ConfigurationError if git is missing."""
        self._source = source
        self._settings = settings
        self._database = database
        self._records = records
        self._pool = pool
        require_git(source)
        self._url, _, subfolder = source.removeprefix("git+").partition("#")
        self._subfolder = unquote(subfolder)
        self._credential = read_credentials(settings.credentials).of(self._url) if self._url[:6] == "https:" else None
        name = hashlib.blake2b(source.encode(), digest_size=8).hexdigest()
        self._folder = os.path.abspath(os.path.join(settings.data, f"git-{name}"))

    def run(self, stop: threading.Event) -> None:
        """Read the repository, and again after each new commit, until `stop` is set. Raises what Records raises."""
        with contextlib.suppress(StoppedError):
            self._run(stop)

    def _run(self, stop: threading.Event) -> None:
        first, pause = True, RETRY_SECONDS
        while not stop.is_set():
            wait = self._settings.revisit
            try:
                with Git(self._url, self._folder, stop, self._credential) as git:
                    self._look(git, stop)
                pause = RETRY_SECONDS
            except StoppedError:
                raise
            except (UnavailableError, OSError, ValueError) as error:
                if not stop.is_set():
                    logger.warning("%s: %s; its documents are kept", self._source, error)
                wait = min(pause, wait)
                pause *= 2
            if first and not stop.is_set():
                set_idle(self._database, self._source)
                first = False
            stop.wait(wait)

    def _look(self, git: Git, stop: threading.Event) -> None:
        """Read the whole repository if there is a new commit."""
        branch, commit = git.head()
        if commit == self._records.stamp:
            return
        git.clone()
        files = [file for file in git.files(self._subfolder) if _is_wanted(file)]
        self._records.begin_pass()
        failed = 0
        for file, body in git.contents([file for file in files if file.size <= self._settings.max_bytes]):
            failed += not self._take(page_url(self._url, branch, file.path), body)
            if stop.is_set():
                return
        for file in files:
            if file.size > self._settings.max_bytes:
                failed += 1
                logger.warning("%s: %s: skipped: larger than -max-bytes", self._source, os.fsdecode(file.path))
        deleted = self._records.end_pass(commit, failed)
        self._records.stamp = commit
        logger.info("%s: read %d files of commit %s, %d vanished", self._source, len(files), commit[:12], deleted)

    def _take(self, url: str, body: bytes) -> bool:
        found = piece_of(partial(self._record, url, body))
        if not isinstance(found, Record):
            logger.warning("%s: %s: %s", self._source, url, found)
            return False
        self._records.add(found)
        return True

    def _record(self, url: str, body: bytes) -> Record:
        page = self._pool.wait(self._source, ReadPage(KINDS[_ending(url)], url), body)
        if page.noindex:
            raise InvalidDocumentError(LEFT_OUT)
        document = document_of(page, url, title=unquote(url.rpartition("/")[2]))
        return Record(document, digest_of(document))


def _is_wanted(file: File) -> bool:
    hidden = any(part.startswith(b".") for part in file.path.split(b"/"))
    return _ending(os.fsdecode(file.path)) in KINDS and not hidden


def _ending(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def page_url(url: str, branch: str, path: bytes) -> str:
    """Return the URL of the host's page for the file `path` of the repository `url`, for known hosts.

    For others it is the source with the path after `#`.
    """
    parts = urlsplit(url)
    template = PAGES.get(parts.hostname or "")
    if not template:
        return f"git+{url}#{quote(path)}"
    repository = f"https://{parts.hostname}{parts.path.rstrip('/').removesuffix('.git')}"
    return template.format(repository=repository, branch=quote(branch), path=quote(path))
