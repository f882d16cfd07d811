"""nginx with the cache of docs/deploying.md: of equal searches one a second reaches the searchengine, and changes are seen in time."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from made import Caller, MadeShard, page, served
from support import ROOT, free_port, require, wait_until

SEARCHES, THREADS = 1000, 8
PACE = 0.02  # seconds between two searches of a thread: all take three seconds at least
SEARCH = "/search?q=lamp&format=json"
NGINX = """
{user} daemon off; pid {folder}/pid; error_log {folder}/error.log; events {{}}
http {{
access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
{documented}
}}
"""


@pytest.fixture
def made(tmp_path: Path) -> MadeShard:
    return MadeShard(tmp_path / "shard").put(*(page(number, f"lamp number {number}") for number in range(20)))


@pytest.fixture
def searchengine(tmp_path: Path, made: MadeShard) -> Iterator[Caller]:
    with served(tmp_path / "se") as caller:
        caller.push(made)
        yield caller


@pytest.fixture
def front(tmp_path: Path, searchengine: Caller) -> Iterator[Caller]:
    """Start nginx as the documentation says, and return what calls the searchengine through it."""
    nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    require("nginx", nginx)
    assert nginx
    found = re.search("^```nginx\n(.*?)^```", (ROOT / "docs" / "deploying.md").read_text(), re.MULTILINE | re.DOTALL)
    assert found
    documented, port, folder = found[1], free_port(), tmp_path / "nginx"
    folder.mkdir()
    own = {
        "/var/cache/nginx/search": f"{folder}/cache", "listen 80;": f"listen 127.0.0.1:{port};",
        "searchengine:8080": f"127.0.0.1:{searchengine.port}",
    }  # fmt: skip
    for theirs, ours in own.items():
        assert theirs in documented
        documented = documented.replace(theirs, ours)
    user = "user root;" if os.geteuid() == 0 else ""  # who may read the folder
    (folder / "nginx.conf").write_text(NGINX.format(user=user, folder=folder, documented=documented))
    command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
    with subprocess.Popen(command) as process:
        caller = Caller(port)
        try:
            wait_until(lambda: caller.get("/livez").status == 200, 20, f"nginx answers: {folder}/error.log")
            yield caller
        finally:
            process.terminate()


def reached(searchengine: Caller) -> int:
    """Return how many searches the searchengine has answered."""
    lines = re.findall(r'lightship_requests_total{route="search".*} (\d+)', searchengine.get("/metrics").text)
    return sum(map(int, lines))


@pytest.mark.quiet
def test_equal_searches_cost_one_a_second_and_changes_are_visible_to_all(
    front: Caller, searchengine: Caller, made: MadeShard
) -> None:
    before, began = reached(searchengine), time.time()
    seen: list[Counter[tuple[int, bool]]] = []

    def work() -> None:
        counted = Counter[tuple[int, bool]]()
        seen.append(counted)
        connection = http.client.HTTPConnection("127.0.0.1", front.port, timeout=20)
        for _ in range(SEARCHES // THREADS):
            connection.request("GET", SEARCH)
            answer = connection.getresponse()
            counted[answer.status, b'"total":20,' in answer.read()] += 1
            time.sleep(PACE)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(seen, Counter()) == {(200, True): SEARCHES}
    seconds = int(time.time()) - int(began) + 1
    assert seconds >= 2
    assert reached(searchengine) - before <= seconds
    for number in range(3):
        made.put(page(100 + number, "lamp"))
        changed = time.monotonic()
        searchengine.push(made)
        total = 21 + number
        wait_until(lambda total=total: front.get(SEARCH).json["total"] == total, 5, "it is visible")  # type: ignore[misc]
        assert time.monotonic() - changed <= 3  # a second in the cache, and what a busy machine adds
        assert {front.get(SEARCH).json["total"] for _ in range(20)} == {total}


def test_what_is_not_for_everybody_stays_behind_it(front: Caller) -> None:
    assert front.call("PUT", "/rpc/v1/shards/0", b"{}").status == 404
    assert front.call("POST", "/admin/v1/rollback", b"").status == 404
    assert front.call("POST", "/search", b'[{"q": "lamp"}, {"q": "none"}]').json[0]["total"] == 20
    tag = front.get(SEARCH).headers["etag"]
    assert front.get(SEARCH, If_None_Match=tag).status == 304
