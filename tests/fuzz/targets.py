"""What reads bytes from outside, each as a function of bytes that may raise nothing but errors of ours.

`python targets.py NAME -max_total_time=SECONDS` fuzzes one of them with atheris, guided by coverage, until it crashes.
`python targets.py` does so for each line of its input, in a process of its own: importing all takes longer than most runs.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lightship"]):
    import msgspec

    from lightship.core import urls
    from lightship.core.errors import DamagedError, LightshipError
    from lightship.core.manifest import File, Layout, Manifest, Segment, check_manifest
    from lightship.core.position import Reached
    from lightship.crawler.fetching.rules import Rules
    from lightship.crawler.parsing.encodings import media
    from lightship.crawler.parsing.encodings.unpack import unpack
    from lightship.crawler.parsing.formats.feed import parse_feed
    from lightship.crawler.parsing.formats.sitemap import parse_sitemap
    from lightship.crawler.parsing.read import document_of, read_page
    from lightship.crawler.parsing.sandbox import tasks
    from lightship.doclog.protocol import codec
    from lightship.documents.jsonl import parse_line
    from lightship.http.problem import Problem
    from lightship.http.tokens import Guard
    from lightship.index.fields.schema import SCHEMA_VERSION
    from lightship.index.query.compiler import compile_query
    from lightship.index.query.language.parser import parse_query
    from lightship.index.storage.segments import check_components
    from lightship.rpc.messages import Installed, Missing
    from lightship.rpc.multipart import read_enclosed, split_enclosed
    from lightship.searchengine.routes.rpc import decode_manifest
    from lightship.searchengine.search.replica import Replica
    from lightship.searchengine.search.request import choose_format, read_request
    from lightship.searchengine.search.search import search
    from lightship.searchengine.store.store import Store
    from made import MadeShard, page, push, send_file
    from readers import KINDS, READERS, in_runs, repeated, seconds

_FOLDER = tempfile.mkdtemp(prefix="lightship-fuzz-")
_GUARD = Guard(["a secret of enough characters"], _FOLDER)
_STORE = Store(f"{_FOLDER}/store")
_GENERATIONS = itertools.count(1)  # each newer than what is installed


def manifest(data: bytes) -> None:
    """A manifest that an indexer sends, as far as checking it goes."""
    decoded = decode_manifest(data)
    check_manifest(decoded, decoded.shard)
    check_components(decoded)


@cache
def _shard() -> tuple[MadeShard, list[Manifest]]:
    """Return a real shard, and manifests of it: of one segment, two, and one with a deleted document."""
    made = MadeShard(Path(_FOLDER, "shard"))
    manifests = [made.put(page(1), page(2)).manifest(), made.put(page(3)).manifest()]
    return made, [*manifests, made.delete(page(1).url).manifest()]


def install(data: bytes) -> None:
    """A manifest made of real segments, and of those that `data` damages, with a store behind it that gets their files."""
    given, (made, manifests) = atheris.FuzzedDataProvider(data), _shard()
    pool = [segment for manifest in manifests for segment in manifest.segments]
    segments = []
    for segment in [given.PickValueInList(pool) for _ in range(given.ConsumeIntInRange(0, 3))]:
        if given.ConsumeBool():
            segments.append(segment)
            continue
        files = [
            File(
                given.PickValueInList([file.name, file.name + "x", "0" + file.name[1:]]),
                given.PickValueInList([file.size, 0, 1]),
                given.PickValueInList([file.digest, "a" * 64]),
            )
            for file in segment.files[: given.ConsumeIntInRange(0, 8)]
        ]
        segments.append(Segment(segment.id, given.ConsumeIntInRange(0, 3), given.ConsumeIntInRange(0, 2), files))
    moments = [1.0, 2e9, 0.0, -1.0, 1e300]
    changed = msgspec.structs.replace(
        manifests[0], segments=segments, layout=Layout(given.ConsumeIntInRange(1, 2), SCHEMA_VERSION),
        shard=given.ConsumeIntInRange(0, 2), order=given.PickValueInList([1, 2, 3, 0]),
        epoch=given.PickValueInList([1, 1, 0]), generation=given.PickValueInList([next(_GENERATIONS), 0, 1]),
        log_id=given.ConsumeUnicodeNoSurrogates(4), positions={given.ConsumeUnicodeNoSurrogates(3): given.ConsumeInt(2)},
        made=given.PickValueInList(moments), fresh_as_of=given.PickValueInList(moments),
    )  # fmt: skip
    changed = decode_manifest(msgspec.json.encode(changed))
    answer = _STORE.install(changed, changed.shard)
    if isinstance(answer, Missing):
        for name in answer.files:
            source = made.published / name
            send_file(_STORE, changed, changed.files[name], source.read_bytes() if source.exists() else b"")
        assert not isinstance(_STORE.install(changed, changed.shard), Missing)
    Replica(_STORE)


def enclosed(data: bytes) -> None:
    """A manifest with files enclosed, as far as it is taken apart."""
    names, _, body = data.partition(b"\n")
    line, content, listed = split_enclosed(body, names.decode("utf-8", "replace"))
    read_enclosed(decode_manifest(line), content, listed)


def messages(data: bytes) -> None:
    """What a searchengine answers an indexer."""
    for kind in (Installed, Missing, Problem):
        with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
            msgspec.json.decode(data, type=kind)


def tokens(data: bytes) -> None:
    """An Authorization header, and the target that it is for."""
    shown, _, target = data.partition(b"\n")
    path, _, query = target.partition(b"?")
    scope = {"method": "PUT", "raw_path": path, "query_string": query, "headers": [(b"authorization", shown)]}
    with contextlib.suppress(LightshipError):
        _GUARD.check(scope)
        raise AssertionError("a made-up token was let pass")


def position(data: bytes) -> None:
    """A position in a query string."""
    text = data.decode("utf-8", "replace")
    found = Reached.parse(text)
    assert Reached.parse(str(found)) == found


def query(data: bytes) -> None:
    """A query string, all the way to the query that the index is asked."""
    choose_format(data, data.decode("latin-1"))
    asked = parse_query(read_request(b"q=" + data).query)
    if not asked.is_empty:
        assert compile_query(asked, SCHEMA_VERSION, ["en", "de"], "").query
        relaxed = asked.without_phrases()
        assert relaxed is None or compile_query(relaxed, SCHEMA_VERSION, ["en", "de"], "").query


@cache
def _shop() -> Replica:
    """Return a replica with fields of each kind, some of them lists, in two segments."""
    declaration = "at:date,brand:keyword,category:path,price:number,stock:boolean"
    store, made = Store(f"{_FOLDER}/shop"), MadeShard(Path(_FOLDER, "products"), fields=declaration)
    for number in range(6):
        fields = {
            "at": f"20{number}0-01-01", "brand": ["acme", "bolt"][: number % 3], "category": f"a > {number}",
            "price": [number, -number], "stock": number > 2,
        }  # fmt: skip
        made.put(page(number, "thing", fields=fields))
    push(store, made)
    return Replica(store)


def conditions(data: bytes) -> None:
    """Filters, facets, orders and groups in a query string, all the way to the answer; no damage is found in a good index."""
    try:
        search(_shop(), read_request(data))
    except DamagedError as error:
        raise AssertionError(data) from error


def stored(data: bytes) -> None:
    """A document as a log stores it."""
    codec.decoded_size(data)
    codec.decode("https://example.org/", data)


def line(data: bytes) -> None:
    """A document as a line of JSON."""
    parse_line(data, strict=True)


def sitemap(data: bytes) -> None:
    """A sitemap of a website, or what it says is one."""
    found = parse_sitemap(data, "https://example.org/sitemap.xml")
    assert all(url.startswith("http") for url in [*found.sitemaps, *(page.url for page in found.pages)])


def feed(data: bytes) -> None:
    """A feed of a website, with the header that came with it."""
    header, _, body = data.partition(b"\n")
    found = parse_feed(body, header.decode("latin-1"), "https://example.org/feed")
    assert all(page.url.startswith("http") for page in found)


def web_page(data: bytes) -> None:
    """A page, or a document of another kind, that a web server sends."""
    kind = KINDS[data[0] % len(KINDS)] if data else ""
    if media.kind_of(kind, data[1:]) != media.PDF:
        document_of(read_page(data[1:], kind, "http://a.example/"), "http://a.example/")


def robots(data: bytes) -> None:
    """A robots.txt, and a path that it is asked about."""
    path, _, text = data.partition(b"\n")
    url = urls.normalise(path.decode("utf-8", "replace"), "https://example.org/") or "https://example.org/"
    rules = Rules(text.decode("utf-8", "replace"), "Lightship")
    assert rules.allows(url) in (True, False)
    assert 0 <= rules.delay <= 60
    rules.line(url)
    assert all(link.startswith("http") for link in rules.sitemaps("https://example.org"))


def task(data: bytes) -> None:
    """What a reading process is asked, and what it answers."""
    asked, _, answered = data.partition(b"\n")
    with contextlib.suppress(msgspec.MsgspecError, UnicodeDecodeError):
        made = tasks.decode_task(asked)
        tasks.result_of(made, tasks.decode_answer(answered))


_OPEN = "content.xml meta.xml"
_PARTS = {
    media.DOCX: "word/document.xml word/styles.xml docProps/core.xml", media.EPUB: "META-INF/container.xml OEBPS/content.opf",
    media.PPTX: "ppt/presentation.xml ppt/_rels/presentation.xml.rels a.xml", media.ODT: _OPEN, media.ODP: _OPEN, media.ODS: _OPEN,
    media.XLSX: "xl/workbook.xml xl/_rels/workbook.xml.rels a.xml",
}  # fmt: skip
_RELATIONS = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="a" Type="x/sheet" Target="/a.xml"/><Relationship Id="b" Type="x/sharedStrings" Target="/a.xml"/>
<Relationship Id="c" Type="x/styles" Target="/a.xml"/></Relationships>"""


def word(data: bytes) -> None:
    """The XML of an Office document, or of a book's package, packed as it should be."""
    first, _, xml = data.partition(b"\n")
    kinds = sorted(_PARTS)
    kind = kinds[first[0] % len(kinds)] if first else kinds[0]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in _PARTS[kind].split():
            archive.writestr(name, _RELATIONS if name.endswith(".rels") else xml)
    read_page(file.getvalue(), kind, "http://a.example/")


def packed(data: bytes) -> None:
    """A body that was packed, in an archive."""
    name, _, body = data.partition(b"\n")
    assert len(unpack(body, name.decode("latin-1"), 1 << 16)) <= 1 << 16


def link(data: bytes) -> None:
    """A link on a page."""
    url = urls.normalise(data.decode("utf-8", "surrogateescape"), "http://a.example/b/c?d", "gb18030")
    assert url is None or urls.normalise(url) == url


def repeats(data: bytes) -> None:
    """A few characters again and again, in whatever reads text: four times as many take no 16 times as long."""
    given = atheris.FuzzedDataProvider(data)
    read, make = given.PickValueInList([*READERS.values()]), given.PickValueInList([repeated, in_runs])
    head, piece = given.ConsumeUnicodeNoSurrogates(3), given.ConsumeUnicodeNoSurrogates(8) or "a"
    short, long = (head + make(piece, length) for length in (5_000, 20_000))
    if seconds(read, long, 1) > 0.2:
        assert seconds(read, long) < 0.2 + 8 * seconds(read, short), (read.__name__, make.__name__, head, piece)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        manifest,
        enclosed,
        install,
        messages,
        tokens,
        position,
        query,
        conditions,
        stored,
        line,
        sitemap,
        feed,
        web_page,
        robots,
        task,
        word,
        packed,
        link,
        repeats,
    )
}


def _main(name: str, *options: str) -> None:
    target = TARGETS[name]

    def run(data: bytes) -> None:
        with contextlib.suppress(LightshipError):
            target(data)

    atheris.Setup([sys.argv[0], *options], run)
    atheris.Fuzz()


def _serve() -> None:
    """For each line, a JSON list of a file for the output and the arguments, print the exit status."""
    for line in sys.stdin:
        log, *arguments = json.loads(line)
        if not (child := os.fork()):
            output = os.open(log, os.O_WRONLY | os.O_CREAT)
            os.dup2(output, 1)
            os.dup2(output, 2)
            _main(*arguments)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    _main(*sys.argv[1:]) if sys.argv[1:] else _serve()
