"""Cross-site requests that change something are refused: real requests to real servers."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from lightship.config import CrawlerSettings
from lightship.crawler.listen import answering
from lightship.crawler.state.progress import Remarks
from lightship.crawler.state.store import open_store
from lightship.doclog.sqlite import SqliteLog
from lightship.http.tokens import Accepted
from lightship.intake.server import taking_in
from made import Caller, MadeShard, page, served
from support import Program, free_port, wait_until

Spawn = Callable[..., Program]

DOCUMENT = b'{"url": "https://example.org/1", "text": "x"}'
FORMS = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
)  # content types that no-cors may send
ELSEWHERE = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},  # a page of another program on this machine
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "same-origin", "Origin": "https://evil.example"},
)


@pytest.fixture
def searchengine(tmp_path: Path) -> Iterator[Caller]:
    """Serve without a secret: this machine may do everything."""
    with served(tmp_path / "se") as caller:
        caller.push(MadeShard(tmp_path / "shard").put(page(1)))
        yield caller


@pytest.fixture
def intake(tmp_path: Path, log: SqliteLog) -> Iterator[Caller]:
    with taking_in("127.0.0.1:0", log, str(tmp_path), accepted=Accepted) as port:
        yield Caller(port)


@pytest.mark.parametrize("shown", ELSEWHERE)
@pytest.mark.parametrize("form", FORMS)
def test_a_page_of_another_site_changes_nothing(
    searchengine: Caller, intake: Caller, log: SqliteLog, tmp_path: Path, shown: dict[str, str], form: str
) -> None:
    manifest = msgspec.json.encode(MadeShard(tmp_path / "other").put(page(2)).manifest())
    for caller, method, target, body in (
        (searchengine, "POST", "/admin/v1/promote?layout=s2v2", b""),
        (searchengine, "POST", "/admin/v1/rollback", b""),
        (searchengine, "PUT", "/rpc/v1/shards/0", manifest),
        (intake, "POST", "/documents", DOCUMENT),
        (intake, "DELETE", "/documents?url=https://example.org/1", None),
    ):
        reply = caller.call(method, target, body, Content_Type=form, **shown)
        assert (reply.status, "another site" in reply.text) == (403, True), (method, target)
    assert searchengine.found("page") == [page(1).url]
    assert log.span(0).head == 0


def test_programs_and_pages_of_the_server_itself_do(searchengine: Caller, intake: Caller) -> None:
    for shown in (
        {},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": "same-origin", "Origin": f"http://127.0.0.1:{intake.port}"},
        {"Host": "LOCALHOST:5", "Origin": "http://localhost:5"},
    ):
        for form in FORMS:
            assert intake.call("POST", "/documents", DOCUMENT, Content_Type=form, **shown).status == 200
    assert searchengine.call("POST", "/admin/v1/rollback", b"").status == 404  # there is no former layout


def test_reading_needs_no_origin(searchengine: Caller) -> None:
    for shown in ELSEWHERE:
        assert searchengine.get("/?q=page&format=json", **shown).json["total"] == 1


def test_a_name_that_was_made_to_lead_here_changes_nothing_and_reads_no_index(
    searchengine: Caller, intake: Caller
) -> None:
    """DNS rebinding: the page's own name now resolves to 127.0.0.1, so the browser takes this server for the page's."""
    rebound = {"Host": f"evil.example:{intake.port}", "Origin": f"http://evil.example:{intake.port}"}
    assert intake.call("POST", "/documents", DOCUMENT, **rebound).status == 401
    assert searchengine.call("POST", "/admin/v1/rollback", b"", **rebound).status == 401
    assert searchengine.get("/rpc/v1/shards/0", Host="evil.example").status == 401


def test_what_only_this_machine_reaches_is_read_by_no_such_name(spawn: Spawn) -> None:
    own, proxied = free_port(), free_port()
    spawn("searchengine", f"-addr=127.0.0.1:{own}", "-data=own")
    spawn("searchengine", f"-addr=127.0.0.1:{proxied}", "-data=proxied", "-public=https://Search.example.org/")
    for port in (own, proxied):
        caller = Caller(port)
        wait_until(lambda caller=caller: caller.get("/livez").status == 200, 30, "it answers")  # type: ignore[misc]
        for host in (
            "localhost",
            f"localhost:{port}",
            f"127.0.0.1:{port}",
            "[::1]:80",
            "search.localhost",
            "searchengine:8080",
        ):
            assert caller.get("/", Host=host).status == 200, host
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.nip.io", "localhost.evil.example"):
            reply = caller.get("/", Host=host)
            assert (reply.status, "-public" in reply.text) == (403, True), host
        assert caller.get("/", Host="search.example.org").status == (200 if port == proxied else 403)
    found = Caller(proxied).get("/opensearch.xml", Host="search.example.org").text
    assert 'template="https://search.example.org/?q={searchTerms}"' in found
    checked = Caller(own).raw(b"GET /livez HTTP/1.0\r\n\r\n")  # by a load balancer, which may name no host
    assert b"200 OK" in checked


def test_what_others_reach_is_read_by_any_name(spawn: Spawn) -> None:
    port = free_port()
    spawn("searchengine", f"-addr=:{port}", "-data=data")
    caller = Caller(port)
    wait_until(lambda: caller.get("/livez").status == 200, 30, "it answers")
    assert caller.get("/", Host="search.example.org").status == 200


@pytest.mark.parametrize(
    "host", ["a b", "é", "x" * 300, "a:b", "a:123456", "a/b", "<a>", "me@a", "a\tb", "[::1", "a,b", "a\\b"]
)
def test_a_host_that_is_none_is_refused(searchengine: Caller, intake: Caller, host: str) -> None:
    for caller in (searchengine, intake):
        reply = caller.raw(f"GET /livez HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        assert reply.startswith(b"HTTP/1.1 400"), reply
    twice = b"GET /livez HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"
    assert searchengine.raw(twice).startswith(b"HTTP/1.1 400")


def test_no_answer_repeats_what_the_request_calls_this_host(searchengine: Caller, intake: Caller) -> None:
    for caller in (searchengine, intake):
        for target in (
            "/opensearch.xml",
            "/search/",
            "/lookup/",
            "/documents/",
            "/static/",
            "/",
            "/?q=page",
            "/nothing",
        ):
            for accepted in ("text/html", "*/*"):
                told = b"Host: other.example\r\nX-Forwarded-Proto: gopher\r\nX-Forwarded-Host: third.example\r\n"
                request = (
                    f"GET {target} HTTP/1.1\r\nAccept: {accepted}\r\nConnection: close\r\n".encode() + told + b"\r\n"
                )
                reply = caller.raw(request)
                assert not any(
                    word in reply for word in (b"other.example", b"gopher", b"third.example", b"\r\nlocation")
                ), target


def test_no_answer_tells_which_program_gave_it(searchengine: Caller, intake: Caller) -> None:
    for caller in (searchengine, intake):
        for target in ("/livez", "/nothing"):
            request = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            reply = caller.raw(request.encode()).lower()
            assert reply.startswith(b"http/1.1 ")
            assert b"\r\nserver:" not in reply
            assert b"uvicorn" not in reply


def test_every_answer_of_every_server_is_of_its_type(searchengine: Caller, intake: Caller, tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "crawler"))
    with answering(
        CrawlerSettings(data=str(tmp_path / "crawler"), listen="127.0.0.1:0"), store, {}, Remarks.none()
    ) as port:
        for caller in (searchengine, intake, Caller(port)):
            for target in ("/", "/livez", "/readyz", "/status", "/metrics", "/openapi.json", "/opensearch.xml", "/nothing", "/explain",
                           "/static/style.css", "/favicon.ico", "/documents", "/rpc/v1/shards/0", "/lookup", "/?q=page&format=json"):  # fmt: skip
                for method in ("GET", "HEAD", "POST", "DELETE"):
                    reply = caller.raw(f"{method} {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
                    assert reply.lower().count(b"x-content-type-options: nosniff\r\n") == 1, (
                        caller.port,
                        method,
                        target,
                    )
            assert b"x-content-type-options: nosniff\r\n" in caller.raw(b"nonsense\r\n\r\n").lower()
    store.close()


def test_nobody_from_elsewhere_passes_without_a_secret(spawn: Spawn) -> None:
    """The machine's other addresses stand in for other machines, which have no loopback address here."""
    here = _other_address()
    if not here:
        pytest.skip("this machine has the loopback alone")
    port, listen = free_port(), free_port()
    spawn("searchengine", f"-addr=:{port}", "-data=data")
    spawn("indexer", f"-searchengine=127.0.0.1:{port}", "-log=sqlite://log", f"-listen=:{listen}")
    wait_until(lambda: Caller(port).get("/readyz").status == 200, 30, "the index is there")
    for at, method, target in (
        (port, "PUT", "/rpc/v1/shards/0"), (port, "GET", "/rpc/v1/shards/0"), (port, "POST", "/admin/v1/rollback"),
        (listen, "POST", "/documents"), (listen, "DELETE", "/documents?url=https://a.example/"),
    ):  # fmt: skip
        with socket.create_connection((here, at), timeout=30) as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: {here}\r\nContent-Length: 0\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 401"), (method, target)
        assert Caller(at).call(method, target, b"").status != 401
    with socket.create_connection((here, port), timeout=30) as connection:
        connection.sendall(f"GET /?q=x&format=json HTTP/1.1\r\nHost: {here}\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


def _other_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # sends nothing, but selects the local address
        except OSError:
            return ""
        found = str(probe.getsockname()[0])
    return "" if found.startswith("127.") else found
