"""What reads bytes from outside, each as a function of bytes that may raise nothing but errors of ours.

`python targets.py NAME -max_total_time=SECONDS` fuzzes one of them with atheris, guided by coverage, until it crashes.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
import uuid
from collections.abc import Callable

import atheris

with atheris.instrument_imports(include=["lightship"]):
    import msgspec

    from lightship.doclog import codec
    from lightship.errors import LightshipError
    from lightship.index.compiler import compile_query
    from lightship.index.query import parse_query
    from lightship.index.schema import SCHEMA_VERSION
    from lightship.jsonl import parse_line
    from lightship.manifest import Manifest, check_manifest
    from lightship.position import Reached
    from lightship.rpc.messages import Installed, Missing, Problem
    from lightship.searchengine.request import choose_format, read_request
    from lightship.searchengine.rpc import decode_manifest
    from lightship.searchengine.store import Store
    from lightship.tokens import Guard

_FOLDER = tempfile.mkdtemp(prefix="lightship-fuzz-")
_GUARD = Guard(["a secret of enough characters"], _FOLDER)
_STORE = Store(f"{_FOLDER}/store")


def manifest(data: bytes) -> None:
    """A manifest that an indexer sends, as far as checking it goes."""
    decoded = decode_manifest(data)
    check_manifest(decoded, decoded.shard)


def install(data: bytes) -> None:
    """A manifest made of `data`, of the schema that is served, with a store behind it."""
    given = atheris.FuzzedDataProvider(data)
    segments = [
        {
            "id": (name := uuid.UUID(int=given.ConsumeIntInRange(0, 3)).hex),
            "documents": given.ConsumeIntInRange(0, 3),
            "deleted": given.ConsumeIntInRange(0, 2),
            "files": [
                {
                    "name": f"{name}.{given.PickValueInList(['store', 'idx', 'del', 'term', 'pos', 'fast', 'fieldnorm'])}",
                    "size": given.ConsumeIntInRange(0, 2),
                    "digest": given.PickValueInList(["0" * 64, "a" * 64]),
                }
                for _ in range(given.ConsumeIntInRange(0, 8))
            ],
        }
        for _ in range(given.ConsumeIntInRange(0, 3))
    ]
    made = msgspec.convert(
        {
            "layout": {"shards": given.ConsumeIntInRange(0, 3), "schema": SCHEMA_VERSION},
            "shard": given.ConsumeIntInRange(0, 3),
            "epoch": given.ConsumeIntInRange(0, 5),
            "generation": given.ConsumeIntInRange(0, 5),
            "segments": segments,
            "log_id": given.ConsumeUnicodeNoSurrogates(4),
            "positions": {given.ConsumeUnicodeNoSurrogates(3): given.ConsumeInt(8)},
            "made": given.ConsumeFloat(),
            "fresh_as_of": given.ConsumeFloat(),
            **{name: given.ConsumeIntInRange(0, 5) for name in Manifest.__struct_fields__ if name == "order"},
        },
        Manifest,
    )
    _STORE.install(decode_manifest(msgspec.json.encode(made)), given.ConsumeIntInRange(0, 3))


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
        compile_query(asked, SCHEMA_VERSION, ["en", "de"], "")


def stored(data: bytes) -> None:
    """A document as a log stores it."""
    codec.decoded_size(data)
    codec.decode("https://example.org/", data)


def line(data: bytes) -> None:
    """A document as a line of JSON."""
    parse_line(data, strict=True)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (manifest, install, messages, tokens, position, query, stored, line)
}


def _main(name: str, *options: str) -> None:
    target = TARGETS[name]

    def run(data: bytes) -> None:
        with contextlib.suppress(LightshipError):
            target(data)

    atheris.Setup([sys.argv[0], *options], run)
    atheris.Fuzz()


if __name__ == "__main__":
    _main(*sys.argv[1:])
