"""Made documents, shards of them as an indexer publishes them, and a searchengine served from this process."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import random
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import uvicorn

from lightship.config import SearchengineSettings
from lightship.core.manifest import File, Layout, Manifest
from lightship.core.model import Document, partition_of, shard_of
from lightship.http.middleware import server_config
from lightship.http.tokens import Accepted
from lightship.index.fields.schema import SCHEMA_VERSION
from lightship.index.fields.stored_document import StoredDocument, decode_source
from lightship.index.reader import Found
from lightship.index.storage.segments import Snapshots
from lightship.index.writer import IndexWriter
from lightship.rpc.messages import Installed, Missing
from lightship.searchengine.app import READABLE, make_app
from lightship.searchengine.search.api import Answer, SearchRequest
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.search import search
from lightship.searchengine.server import _following
from lightship.searchengine.store.store import Store
from support import wait_until

CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"
CHINESE = "搜索引擎是一个很好的工具我们在北京学习中文今天天气不错人工智能改变世界"


def words(count: int, seed: int) -> list[str]:
    """Return `count` pronounceable words, the same for the same seed."""
    chance = random.Random(seed)
    return ["".join(chance.choice(part) for part in (CONSONANTS, VOWELS) * 3) for _ in range(count)]


def page(number: int, text: str = "", **more: Any) -> Document:
    """Return a document of the url https://example.org/`number`."""
    return Document(url=f"https://example.org/{number}", text=text or f"page number {number}", **more)


def made_documents(count: int, seed: int = 1) -> list[Document]:
    """Return documents in English, German and Chinese; every third text stands in many documents, word for word."""
    chance, vocabulary = random.Random(seed), words(300, seed)
    same = [" ".join(chance.choices(vocabulary[:20], k=5)) for _ in range(5)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    documents = []
    for number in range(count):
        language = chance.choice(["en", "en", "de", "zh"])
        if number % 3 == 0:
            text = chance.choice(same)
        elif language == "zh":
            text = "".join(chance.choices(CHINESE, k=chance.randint(5, 60)))
        else:
            text = " ".join(chance.choices(vocabulary, weights, k=chance.randint(3, 120)))
        documents.append(
            Document(
                url=f"https://site{number % 7}.example.org/{number}",
                title=" ".join(chance.choices(vocabulary, k=2)) if number % 2 else "",
                text=text,
                language=language,
                modified=datetime.fromtimestamp(1_700_000_000 + chance.randint(0, 50), UTC),
            )
        )
    return documents


# What can happen to a file's bytes on their way
DAMAGES: list[Callable[[bytes], bytes]] = [lambda b: b[:-1], lambda b: b + b"x", lambda b: b"", lambda b: b"X" + b[1:]]


class MadeShard:
    """An index that is written, and published as the shard `shard` of `shards`, as an indexer does."""

    def __init__(
        self, folder: Path, shard: int = 0, shards: int = 1, epoch: int = 1, order: int = 1, fields: str = ""
    ) -> None:
        """Make it in `folder`."""
        self.published = folder / "published"
        self.epoch, self.generation, self.order = epoch, 0, order
        self.layout, self.shard = Layout(shards, SCHEMA_VERSION, fields), shard
        self.writer = IndexWriter(str(folder / "index"), heap_bytes=16 << 20, threads=1, declaration=fields)
        self._snapshots = Snapshots((str(folder / "index"),), str(self.published))

    def put(self, *documents: Document) -> MadeShard:
        """Put and commit."""
        for document in documents:
            self.writer.put(document)
        self.writer.commit()
        return self

    def delete(self, *urls: str) -> MadeShard:
        """Delete and commit."""
        for url in urls:
            self.writer.delete(url)
        self.writer.commit()
        return self

    def manifest(self, **changes: Any) -> Manifest:
        """Return the manifest of what is committed, as a new generation; `changes` replace its fields."""
        self.generation += 1
        made = Manifest(
            layout=self.layout, order=self.order, shard=self.shard, epoch=self.epoch, generation=self.generation,
            segments=self._snapshots.take(), log_id="made", positions={}, made=time.time(), fresh_as_of=time.time(),
        )  # fmt: skip
        return msgspec.structs.replace(made, **changes)

    def bytes_of(self, file: File) -> bytes:
        """Return the content of a published file."""
        return (self.published / file.name).read_bytes()

    def contents_of(self, manifest: Manifest) -> dict[str, bytes]:
        """Return the content of each file of `manifest`, by name."""
        return {name: self.bytes_of(file) for name, file in manifest.files.items()}


def send(store: Store, manifest: Manifest, published: Path) -> Installed:
    """Install `manifest` with its files, as a push does."""
    answer = store.install(manifest, manifest.shard)
    if isinstance(answer, Missing):
        files = [manifest.files[name] for name in answer.files]
        asyncio.run(_receive(store, manifest, {file: (published / file.name).read_bytes() for file in files}))
        answer = store.install(manifest, manifest.shard)
    assert isinstance(answer, Installed), answer
    return answer


def send_file(store: Store, manifest: Manifest, file: File, content: bytes) -> None:
    """Send one file."""
    asyncio.run(_receive(store, manifest, {file: content}))


async def _receive(store: Store, manifest: Manifest, contents: dict[File, bytes]) -> None:
    for file, content in contents.items():
        await store.receive(manifest.layout.parsed_name, manifest.shard, file, _chunks(content))


async def _chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 1000):
        yield content[start : start + 1000]


def push(store: Store, *made: MadeShard) -> None:
    """Install what each of `made` has committed."""
    for shard in made:
        send(store, shard.manifest(), shard.published)


def urls(replica: Replica, query: str, **more: Any) -> list[str]:
    """Return the urls that a search finds, best first."""
    return [hit.url for hit in ask(replica, query, **more).hits]


def found_pages(store: Store) -> list[str]:
    """Return the numbers of the pages that a replica started now finds."""
    return sorted(url.rpartition("/")[2] for url in urls(Replica(store), "page", size=100))


def stored_files(store: Store, layout: str = "s1v2") -> set[str]:
    """Return the names of the segments' files in a layout's folder."""
    return {name for name in os.listdir(store.layout_folder(layout)) if len(name.partition(".")[0]) == 32}


def ask(replica: Replica, query: str, **more: Any) -> Answer:
    """Return the answer to a search."""
    return search(replica, SearchRequest(query=query, **more))


def sources(found: Found) -> list[StoredDocument]:
    """Return all documents of a page of results."""
    return [decode_source(found.stored(number)) for number in range(len(found.scores))]


def replica_of(folder: Path, documents: Iterable[Document]) -> Replica:
    """Return a replica of one shard that holds `documents`."""
    store = Store(str(folder / "store"))
    push(store, MadeShard(folder / "shard").put(*documents))
    return Replica(store)


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return msgspec.json.decode(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


class Caller:
    """Calls an HTTP server on this machine's `port`."""

    def __init__(self, port: int, token: str = "") -> None:
        """Show `token` in each call, unless it is empty."""
        self.port, self.token = port, token

    def call(self, method: str, target: str, body: bytes | None = None, **headers: str) -> Reply:
        """Return the response to one request; `Accept_Language` in `headers` stands for Accept-Language."""
        shown = {"Authorization": f"Bearer {self.token}".encode()} if self.token else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request(method, target, body, {**shown, **given})
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, names, response.read())

    def get(self, target: str, **headers: str) -> Reply:
        """GET."""
        return self.call("GET", target, None, **headers)

    def put_manifest(self, manifest: Manifest, shard: int | None = None) -> Reply:
        """Offer a manifest."""
        target = f"/rpc/v1/shards/{manifest.shard if shard is None else shard}"
        return self.call("PUT", target, msgspec.json.encode(manifest))

    def put_file(self, manifest: Manifest, file: File, content: bytes) -> Reply:
        """Send a file."""
        announced = f"layout={manifest.layout.name}&digest={file.digest}&size={file.size}"
        return self.call("PUT", f"/rpc/v1/shards/{manifest.shard}/files/{file.name}?{announced}", content)

    def push(self, *made: MadeShard, **changes: Any) -> None:
        """Push what each of `made` has committed; `changes` replace fields of the manifest."""
        for shard in made:
            manifest = shard.manifest(**changes)
            reply = self.put_manifest(manifest)
            for name in reply.json["files"] if reply.status == 202 else []:
                sent = self.put_file(manifest, manifest.files[name], shard.bytes_of(manifest.files[name]))
                assert sent.status == 201, sent.text
            reply = self.put_manifest(manifest)
            assert reply.status == 200, reply.text

    def found(self, query: str) -> list[str]:
        """Return the urls that a search finds."""
        return [hit["url"] for hit in self.get(f"/?q={query}&format=json").json["hits"]]

    def raw(self, request: bytes, seconds: float = 20) -> bytes:
        """Send bytes as they are, and return the response as it comes back."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            with contextlib.suppress(ConnectionError):  # it may answer and close before all of it was sent
                connection.sendall(request)
            reply = bytearray()
            while chunk := connection.recv(65536):
                reply += chunk
                head, _, body = bytes(reply).partition(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                if length and len(body) >= int(length[1]):
                    break
            return bytes(reply)


@contextlib.contextmanager
def served(
    folder: Path, token: str = "", port: int = 0, settings: SearchengineSettings | None = None, admin: str = ""
) -> Iterator[Caller]:
    """Serve the data folder `folder` from a thread of this process; nothing that it logs as an error is forgiven."""
    settings = settings or SearchengineSettings()
    replica = Replica(Store(str(folder)), settings.answers << 20)
    app = make_app(replica, Accepted.of(token, admin), settings)
    app.router.lifespan_context = lambda _: _following(replica, app.state.watches)
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = uvicorn.Server(
            server_config(
                app,
                public=settings.public,
                origins=settings.origins,
                readable=READABLE,
                connections=settings.connections,
                per_address=settings.per_address,
                lifespan="on",
            )
        )
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            wait_until(lambda: server.started, 10, "the server started")
            yield Caller(listener.getsockname()[1], token)
        finally:
            server.should_exit = app.state.draining = True
            thread.join()


def shards_of(documents: Sequence[Document], shards: int) -> list[list[Document]]:
    """Return the documents of each shard."""
    parts: list[list[Document]] = [[] for _ in range(shards)]
    for document in documents:
        parts[shard_of(partition_of(document.url), shards)].append(document)
    return parts
