"""The metrics in /metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from made import Caller, MadeShard, page, served
from support import Program, free_port, wait_until

Values = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def read(caller: Caller) -> Values:
    reply = caller.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    families = list(text_string_to_metric_families(reply.text))
    assert len({family.name for family in families}) == len(families)
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def value(values: Values, name: str, **labels: str) -> float:
    """Return the sum of the samples with this name and these labels."""
    return sum(v for (n, given), v in values.items() if n == name and labels.items() <= dict(given).items())


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    with served(tmp_path / "store") as caller:
        yield caller


def test_it_counts_what_happens(caller: Caller, tmp_path: Path) -> None:
    assert value(read(caller), "lightship_ready") == 0
    made = MadeShard(tmp_path / "shard")
    caller.push(made.put(page(1), page(2)))
    for _ in range(3):
        caller.found("page")
    caller.get("/?page=0")
    caller.get("/nothing/at/all")
    values = read(caller)
    assert value(values, "lightship_ready") == 1
    assert value(values, "lightship_requests_total", route="search", status="200") == 3
    assert value(values, "lightship_requests_total", route="search", status="400") == 1
    assert value(values, "lightship_requests_total", route="other", status="404") == 1
    assert value(values, "lightship_requests_total", route="manifests", status="200") == 1
    assert value(values, "lightship_query_seconds_count") == 4
    assert value(values, "lightship_installs_total") == 1
    assert value(values, "lightship_received_bytes_total") > 1000
    assert value(values, "lightship_shard_documents", shard="0") == 2
    assert value(values, "lightship_shard_generation", shard="0") == 1
    assert 0 <= value(values, "lightship_shard_age_seconds", shard="0") < 300
    assert value(values, "process_resident_memory_bytes") > 1 << 20


@pytest.mark.parametrize(
    ("method", "target", "route"),
    [
        ("GET", "/lookup?url=https://example.org/1", "/lookup"), ("GET", "/lookup", "/lookup"),
        ("POST", "/admin/v1/rollback", "/admin"), ("POST", "/admin/v1/promote?layout=s1v2", "/admin"), ("GET", "/admin/x/y", "/admin"),
        ("GET", "/static/style.css", "/static"), ("GET", "/static/none", "/static"), ("GET", "/favicon.ico", "other"),
        ("GET", "/administer", "other"), ("GET", "/statics/", "other"),
    ],
)  # fmt: skip
def test_each_kind_of_page_is_counted_apart(caller: Caller, method: str, target: str, route: str) -> None:
    status = caller.call(method, target, b"" if method == "POST" else None).status
    assert value(read(caller), "lightship_requests_total", route=route, status=str(status)) == 1


def test_what_else_lies_in_the_folder_of_metrics_is_not_told(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "store/metrics").mkdir(exist_ok=True)
    for name in ("7.json", "8.json.new", "lost+found", "x.json"):
        (tmp_path / "store/metrics" / name).write_bytes(b"\xff{")
    assert value(read(caller), "lightship_ready") == 0


def test_no_input_becomes_a_label(caller: Caller) -> None:
    read(caller)
    names = {key for key, _ in read(caller).items()}
    for number in range(30):
        caller.get(f"/path/{number}?q={number}")
        caller.get(f"/rpc/v1/shards/{number}")
        caller.get(f"/rpc/v1/shards/0/files/{number}")
        caller.call(f"M{'X' * number}", "/")
    assert len({key for key, _ in read(caller).items()}) - len(names) < 12


def test_any_worker_tells_of_all(spawn: Callable[..., Program]) -> None:
    port = free_port()
    spawn("lightship.searchengine.main", f"-addr=127.0.0.1:{port}", "-data=data", "-workers=2", "-drain=0")
    caller = Caller(port)

    def all_told() -> bool:
        caller.get("/livez")
        values = read(caller)
        return all(value(values, "lightship_requests_total", route="/livez", worker=str(n)) > 0 for n in range(2))

    wait_until(all_told, 30, "both workers are told of")


def test_workers_of_a_former_start_are_told_of_no_more(spawn: Callable[..., Program]) -> None:
    port = free_port()
    caller, arguments = Caller(port), (f"-addr=127.0.0.1:{port}", "-data=data", "-drain=0")

    def workers() -> set[str]:
        return {dict(labels)["worker"] for (_, labels) in read(caller) if "worker" in dict(labels)}

    several = spawn("lightship.searchengine.main", *arguments, "-workers=3")
    wait_until(lambda: workers() == {"0", "1", "2"}, 30, "all are told of")
    several.stop()
    spawn("lightship.searchengine.main", *arguments, "-workers=1")
    assert wait_until(workers, 30, "it answers") == {"0"}
