"""The RPC over real sockets: every bad input gets a clear error, and the old view stays served."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response

from lightship.core.manifest import MAX_MANIFEST_BYTES, File, Manifest, Segment
from lightship.http.tokens import authorization
from lightship.index.storage.index_meta import COMPONENTS
from lightship.rpc.multipart import MAX_ENCLOSED_BYTES, write_enclosed
from lightship.searchengine.routes.rpc import Rpc
from made import Caller, MadeShard, Reply, page, served
from support import free_port, wait_until

TOKEN = "gehéim-秘密"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the searchengine."""
    return tmp_path_factory.mktemp("served") / "store"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> MadeShard:
    return MadeShard(tmp_path_factory.mktemp("made"), epoch=3).put(page(1))


@pytest.fixture(scope="module")
def server(folder: Path, made: MadeShard) -> Iterator[Caller]:
    with served(folder) as caller:
        caller.push(made)
        yield caller


@pytest.fixture
def caller(server: Caller) -> Iterator[Caller]:
    """A searchengine whose view must not change during the test."""
    before = server.get("/rpc/v1/shards/0").body
    yield server
    assert server.get("/rpc/v1/shards/0").body == before
    assert server.found("page") == [page(1).url]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with served(tmp_path_factory.mktemp("guarded"), TOKEN) as caller:
        yield caller


def altered(manifest: Manifest, change: Callable[[dict[str, Any]], object]) -> bytes:
    values = json.loads(msgspec.json.encode(manifest))
    change(values)
    return json.dumps(values).encode()


def assert_problem(reply: Reply, status: int, *parts: str) -> None:
    assert reply.status == status, reply.text
    error = reply.json["error"]
    assert all(part in error for part in parts), error
    assert error[0] == error[0].lower()


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda m: m.update(colour="red"), "colour"),
        (lambda m: m["layout"].update(colour="red"), "colour"),
        (lambda m: m.pop("epoch"), "epoch"),
        (lambda m: m.update(shard=1), "shard"),
        (lambda m: m["layout"].update(shards=0), "shards"),
        (lambda m: m["layout"].update(shards=65), "65 shards"),
        (lambda m: m["layout"].update(schema=-1), "schema"),
        (lambda m: m["layout"].update(schema=10**25), "schema"),
        (lambda m: m.update(epoch=-3), "epoch"),
        (lambda m: m.update(epoch=10**30), "epoch"),
        (lambda m: m.update(generation=-3), "generation"),
        (lambda m: m.update(generation="7"), "generation"),
        (lambda m: m.update(fresh_as_of=-5), "fresh_as_of"),
        (lambda m: m.update(fresh_as_of=1e300), "fresh_as_of"),
        (lambda m: m.update(positions={"0": -1}), "positions"),
        (lambda m: m["segments"][0].update(documents=-1), "segment"),
        (lambda m: m["segments"][0].update(documents=2**40), "segment"),
        (lambda m: m["segments"][0].update(deleted=1), "delete"),
        (lambda m: m["segments"][0].update(id="../../x"), "segment"),
        (lambda m: m["segments"][0]["files"].append(m["segments"][0]["files"][0]), "duplicate"),
        (lambda m: m["segments"].append(m["segments"][0]), "duplicate"),
        (lambda m: m["segments"][0]["files"].pop(), "must have"),
        (lambda m: m["segments"][0]["files"][0].update(name="../../../etc/passwd"), "etc/passwd"),
        (lambda m: m["segments"][0]["files"][0].update(size=-1), "size"),
        (lambda m: m["segments"][0]["files"][0].update(digest="0" * 64), "other content"),
        (lambda m: m["segments"][0]["files"][0].update(digest="x"), "digest"),
    ],
)
def test_a_bad_manifest(caller: Caller, made: MadeShard, change: Callable[[dict[str, Any]], object], part: str) -> None:
    assert_problem(caller.call("PUT", "/rpc/v1/shards/0", altered(made.manifest(), change)), 400, part)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"layout": "\xff"}', b"[" * 100_000, b'{"a":' * 100_000, b"\0" * 100]
)  # fmt: skip
def test_not_json(caller: Caller, body: bytes) -> None:
    assert_problem(caller.call("PUT", "/rpc/v1/shards/0", body), 400, "malformed manifest")


def test_a_manifest_over_the_limit(caller: Caller) -> None:
    assert_problem(
        caller.call("PUT", "/rpc/v1/shards/0", b" " * (MAX_MANIFEST_BYTES + 1)), 413, str(MAX_MANIFEST_BYTES)
    )


@pytest.mark.parametrize(
    ("names", "content", "part"),
    [
        ("{name}", b"", "0 bytes enclosed"),
        ("{name}", b"x" * 100_000, "100000 bytes enclosed"),
        ("{name},{name}", b"", "twice"),
        (",".join(f"{number:032x}.idx" for number in range(201)), b"", "more than 200"),
        ("../../etc/passwd", b"root", "is not in the manifest"),
        (",", b"", "twice"),
        ("x", b"", "'x' is not in the manifest"),
    ],
)
def test_what_is_enclosed_wrongly(caller: Caller, made: MadeShard, names: str, content: bytes, part: str) -> None:
    manifest = made.manifest()
    target = f"/rpc/v1/shards/0?enclosed={quote(names.format(name=min(manifest.files)))}"
    assert_problem(caller.call("PUT", target, write_enclosed(msgspec.json.encode(manifest), [content])), 400, part)


def test_too_much_that_is_enclosed(caller: Caller) -> None:
    body = b" " * (MAX_MANIFEST_BYTES + MAX_ENCLOSED_BYTES + 1)
    assert_problem(caller.call("PUT", "/rpc/v1/shards/0?enclosed=x", body), 413, "bytes")


@pytest.mark.parametrize("shard", ["64", "-1", "x", "00000", "²", "%00", "1e1", "99999999999999999999"])
def test_a_shard_out_of_range(caller: Caller, made: MadeShard, shard: str) -> None:
    target = f"/rpc/v1/shards/{quote(shard, safe='%')}"
    for reply in (caller.call("PUT", target, msgspec.json.encode(made.manifest())), caller.get(target)):
        assert_problem(reply, 400, "shard")


def test_older_ones_are_told_what_is_installed(caller: Caller, made: MadeShard) -> None:
    for epoch, generation in ((2, 99), (1, 1)):
        reply = caller.put_manifest(made.manifest(epoch=epoch, generation=generation))
        assert_problem(reply, 409, "epoch 3")
        assert (reply.json["epoch"], reply.json["generation"]) == (3, 1)


def test_an_older_generation_is_told_what_is_installed(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0", epoch=3)
    made.generation = 5
    with served(tmp_path / "store") as caller:
        caller.push(made)
        reply = caller.put_manifest(made.manifest(generation=5))
        assert reply.status == 409
        assert (reply.json["epoch"], reply.json["generation"]) == (3, 6)


@pytest.mark.parametrize(
    "name",
    ["..%2f..%2f..%2fetc%2fpasswd", "%2e%2e%2fx", "%2e%2e", "..%5cx", "%00", "meta.json", "a" * 300, "a" * 5000,
     "%ed%a0%80", "x.store"],
)  # fmt: skip
def test_a_file_name_with_a_path_in_it(caller: Caller, folder: Path, name: str) -> None:
    before = {path for path in folder.rglob("*") if not path.name.startswith("fresh-")}
    announced = f"layout=s1v2&digest={'0' * 64}&size=3"
    for reply in (
        caller.call("PUT", f"/rpc/v1/shards/0/files/{name}?{announced}", b"abc"),
        caller.get(f"/rpc/v1/shards/0/files/{name}"),
    ):
        assert reply.status in (400, 404), reply.text
        assert reply.json["error"]
    assert {path for path in folder.rglob("*") if not path.name.startswith("fresh-")} == before


def offered(caller: Caller, size: int) -> str:
    """Offer a file of `size` bytes with the digest aaa…; return its name."""
    manifest = msgspec.json.decode(caller.get("/rpc/v1/shards/0").body, type=Manifest)
    files = [File(f"{'a' * 32}.{component}", size, "a" * 64) for component in COMPONENTS]
    segment = Segment("a" * 32, 1, 0, files)
    reply = caller.put_manifest(
        msgspec.structs.replace(manifest, generation=manifest.generation + 1, segments=[segment])
    )
    assert reply.status == 202, reply.text
    return f"{'a' * 32}.store"


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"size": "-1"}, "size"),
        ({"size": ""}, "size"),
        ({"size": "9" * 400}, "size"),
        ({"size": "4"}, "4 bytes"),
        ({"size": "2"}, "2"),
        ({"digest": ""}, "digest"),
        ({"digest": "0" * 64}, "digest"),
        ({"layout": ""}, "layout"),
        ({"layout": "../x"}, "layout"),
        ({"layout": "s1v999"}, "schema 999"),
        ({"layout": "s65v2"}, "65 shards"),
    ],
    ids=str,
)
def test_a_bad_announcement_or_content(caller: Caller, folder: Path, changes: dict[str, str], part: str) -> None:
    given = {"layout": "s1v2", "size": "3", "digest": "a" * 64, **changes}
    name = offered(caller, int(given["size"]) if given["size"] in ("2", "3", "4") else 3)
    query = "&".join(f"{name}={value}" for name, value in given.items())
    assert_problem(caller.call("PUT", f"/rpc/v1/shards/0/files/{name}?{query}", b"abc"), 400, part)
    assert not list(folder.glob(f"**/{name}*"))


def test_an_upload_that_breaks_off_leaves_nothing(caller: Caller, folder: Path) -> None:
    name = offered(caller, 1000)
    target = f"/rpc/v1/shards/0/files/{name}?layout=s1v2&size=1000&digest={'a' * 64}"
    with socket.create_connection(("127.0.0.1", caller.port)) as connection:
        connection.sendall(f"PUT {target} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc".encode())
        wait_until(lambda: list(folder.glob(f"**/{name}*.part")), 30, "the part file")
    wait_until(lambda: not list(folder.glob(f"**/{name}*")), 30, "the part file is gone")


def test_installed_files_are_read_back(caller: Caller, made: MadeShard) -> None:
    manifest = msgspec.json.decode(caller.get("/rpc/v1/shards/0").body, type=Manifest)
    for name, file in manifest.files.items():
        assert caller.get(f"/rpc/v1/shards/0/files/{name}").body == made.bytes_of(file)
    assert_problem(caller.get(f"/rpc/v1/shards/0/files/{'a' * 32}.store"), 404, "not in the installed manifest")
    assert_problem(caller.get("/rpc/v1/shards/1"), 404, "shard 1")


def test_a_layout_that_is_not_served_is_read_back_by_its_name(caller: Caller, made: MadeShard, tmp_path: Path) -> None:
    coming = MadeShard(tmp_path / "coming", shards=2, order=7).put(page(9))
    caller.push(coming)  # one of two: s1v2 is served
    served_manifest = caller.get("/rpc/v1/shards/0").body
    assert caller.get("/rpc/v1/shards/0?layout=s1v2").body == served_manifest
    manifest = msgspec.json.decode(caller.get("/rpc/v1/shards/0?layout=s2v2").body, type=Manifest)
    assert manifest.layout.name == "s2v2"
    for name, file in manifest.files.items():
        assert caller.get(f"/rpc/v1/shards/0/files/{name}?layout=s2v2").body == coming.bytes_of(file)
        assert_problem(caller.get(f"/rpc/v1/shards/0/files/{name}"), 404, "not in the installed manifest")
    assert_problem(caller.get("/rpc/v1/shards/1?layout=s2v2"), 404, "in s2v2")
    assert_problem(caller.get("/rpc/v1/shards/0?layout=s4v2"), 404, "in s4v2")
    assert_problem(caller.get("/rpc/v1/shards/0?layout=../s1v2"), 400, "not a layout")


def test_what_is_on_offer_is_read_by_peers_with_the_secret_only(made: MadeShard, tmp_path: Path) -> None:
    manifest = made.manifest()
    for token, status in ((TOKEN, 200), ("", 404)):
        with served(tmp_path / f"store{status}", token) as caller:
            caller.put_manifest(manifest)
            file = max(manifest.files.values(), key=lambda file: file.size)
            target = f"/rpc/v1/shards/0/files/{file.name}?layout=s1v2"
            assert caller.get(target).status == 404  # not received yet
            assert caller.put_file(manifest, file, made.bytes_of(file)).status == 201
            assert caller.get(target).status == status
            path = tmp_path / f"store{status}" / "layouts" / "s1v2" / file.name
            path.rename(path.with_suffix(".moved"))
            path.symlink_to("/etc/passwd")
            assert caller.get(target).status == 404
            assert Caller(caller.port).get(target).status == (401 if token else 404)


def test_a_link_in_the_place_of_an_installed_file_is_not_followed(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0").put(page(1))
    with served(tmp_path / "store") as caller:
        caller.push(made)
        name = min(made.manifest().files)
        path = tmp_path / "store" / "layouts" / "s1v2" / name
        path.unlink()
        path.symlink_to("/etc/passwd")
        assert_problem(caller.get(f"/rpc/v1/shards/0/files/{name}"), 404, name)


def test_a_file_that_vanished_is_not_found(tmp_path: Path) -> None:
    made = MadeShard(tmp_path / "0").put(page(1))
    with served(tmp_path / "store") as caller:
        caller.push(made)
        name = min(made.manifest().files)
        (tmp_path / "store" / "layouts" / "s1v2" / name).unlink()
        assert_problem(caller.get(f"/rpc/v1/shards/0/files/{name}"), 404, name)


def test_a_file_that_is_replaced_while_it_is_sent_is_sent_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    get_file = Rpc._get_file

    async def then_replaced(self: Rpc, request: Request) -> Response:
        response = await get_file(self, request)
        (tmp_path / "store" / "layouts" / "s1v2" / request.path_params["name"]).unlink()
        return response

    monkeypatch.setattr(Rpc, "_get_file", then_replaced)
    made = MadeShard(tmp_path / "0").put(page(1))
    with served(tmp_path / "store") as caller:
        caller.push(made)
        for name, file in made.manifest().files.items():
            assert caller.get(f"/rpc/v1/shards/0/files/{name}").body == made.bytes_of(file)


@pytest.mark.parametrize("method", ["POST", "DELETE", "PATCH"])
def test_other_methods(caller: Caller, method: str) -> None:
    assert_problem(caller.call(method, "/rpc/v1/shards/0", b""), 405, "method")


@pytest.mark.parametrize(
    "shown", [None, b"", b"Bearer", b"Bearer ", b"Bearer wrong", b"Basic eA==", b"\xff\xfe\xe9", "é".encode(), b"Bearer " + b"x" * 5000]
)  # fmt: skip
@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_without_the_token_nothing_is_done(guarded: Caller, method: str, shown: bytes | None) -> None:
    header = b"" if shown is None else b"Authorization: " + shown + b"\r\n"
    for target in (b"/rpc/v1/shards/0", b"/rpc/v1/shards/0/files/" + b"a" * 32 + b".store"):
        reply = guarded.raw(method.encode() + b" " + target + b" HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n")
        assert reply.startswith(b"HTTP/1.1 401 "), reply
        assert b"LIGHTSHIP_TOKEN" in reply
    assert guarded.get("/rpc/v1/shards/0").status == 404


def test_the_token_opens_also_when_it_is_not_ascii(guarded: Caller) -> None:
    header = b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
    reply = guarded.raw(b"GET /rpc/v1/shards/0 HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n")
    assert reply.startswith(b"HTTP/1.1 404 "), reply


def test_a_signed_token_is_good_once_on_every_route(guarded: Caller) -> None:
    """Missing, wrong and replayed tokens get identical answers."""
    file = f"/rpc/v1/shards/0/files/{'a' * 32}.store"
    refused = set()
    for method, target in (
        ("PUT", "/rpc/v1/shards/0"),
        ("GET", "/rpc/v1/shards/0"),
        ("PUT", f"{file}?size=1"),
        ("GET", file),
    ):
        for shown in ({}, authorization("guess", method, target)):
            refused.add(answered(guarded, method, target, shown))
        shown = authorization(TOKEN, method, target)
        assert answered(guarded, method, target, shown)[0] in (400, 404)
        refused.add(answered(guarded, method, target, shown))
    assert len(refused) == 1
    status, body, asks = refused.pop()
    assert (status, asks) == (401, "Bearer")
    assert b"missing or wrong" in body


def answered(caller: Caller, method: str, target: str, shown: dict[str, str]) -> tuple[int, bytes, str | None]:
    reply = Caller(caller.port).call(method, target, b"" if method == "PUT" else None, **shown)
    return reply.status, reply.body, reply.headers.get("www-authenticate")


def test_a_manifest_that_is_not_the_announced_one(caller: Caller, made: MadeShard) -> None:
    body = msgspec.json.encode(made.manifest())
    assert_problem(caller.call("PUT", f"/rpc/v1/shards/0?digest={'0' * 64}", body), 400, "digest")


def fetch(caller: Caller, manifest: Manifest, name: str, source: str) -> Reply:
    file = manifest.files[name]
    announced = f"layout={manifest.layout.name}&digest={file.digest}&size={file.size}&source={quote(source)}"
    return caller.call("PUT", f"/rpc/v1/shards/0/files/{name}?{announced}", b"")


def test_a_file_is_fetched_from_a_peer_that_has_it(made: MadeShard, tmp_path: Path) -> None:
    manifest = made.manifest()
    with served(tmp_path / "peer", TOKEN) as peer, served(tmp_path / "store", TOKEN) as caller:
        source, first = f"http://127.0.0.1:{peer.port}", min(manifest.files)
        assert_problem(fetch(caller, manifest, first, source), 400, "offer the manifest first")
        caller.put_manifest(manifest)
        assert_problem(fetch(caller, manifest, first, source), 503, "can't fetch")
        peer.put_manifest(manifest)
        assert_problem(fetch(caller, manifest, first, source), 503, "can't fetch")
        file = manifest.files[first]
        peer.put_file(manifest, file, made.bytes_of(file))
        assert fetch(caller, manifest, first, source).status == 201  # offered and verified there, but not installed
        peer.push(made)
        for name in manifest.files.keys() - {first}:
            assert fetch(caller, manifest, name, source).status == 201
        assert caller.put_manifest(manifest).status == 200
        assert caller.found("page") == [page(1).url]


def test_a_peer_that_gives_other_bytes_is_not_believed(made: MadeShard, tmp_path: Path) -> None:
    manifest = made.manifest()
    with served(tmp_path / "peer", TOKEN) as peer, served(tmp_path / "store", TOKEN) as caller:
        peer.push(made)
        caller.put_manifest(manifest)
        name = next(name for name, file in manifest.files.items() if file.size)
        path = next((tmp_path / "peer").glob(f"**/{name}"))
        path.write_bytes(bytes(path.stat().st_size))
        assert_problem(fetch(caller, manifest, name, f"http://127.0.0.1:{peer.port}"), 503, "digest")
        assert not list((tmp_path / "store").glob(f"**/{name}*"))


@pytest.mark.parametrize("source", ["nonsense", "http://", "ftp://x:1", "http://x", "http://x:1/path", "http://u@x:1", "http://x:99999"])  # fmt: skip
def test_a_source_that_is_no_address(made: MadeShard, guarded: Caller, source: str) -> None:
    manifest = made.manifest()
    assert_problem(fetch(guarded, manifest, min(manifest.files), source), 400, "source=")


def test_without_a_token_nobody_makes_it_call_others(made: MadeShard, caller: Caller) -> None:
    manifest = made.manifest()
    assert_problem(fetch(caller, manifest, min(manifest.files), "http://127.0.0.1:1"), 400, "LIGHTSHIP_TOKEN")


def test_a_source_may_name_whose_certificate_it_shows(made: MadeShard, guarded: Caller) -> None:
    manifest = made.manifest()
    guarded.put_manifest(manifest)
    reply = fetch(guarded, manifest, min(manifest.files), f"https://127.0.0.1:{free_port()}#search-1.example")
    assert_problem(reply, 503, "can't fetch")
