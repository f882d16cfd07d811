"""`lightship add`: what it sends, how it reports a wrong line, and when it retries."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import zstandard

from lightship.cli.commands.add import add
from lightship.cli.commands.status import status
from lightship.core.errors import ConfigurationError, InvalidInputError, UnauthorizedError, UnavailableError
from lightship.core.model import Change, partition_of
from lightship.core.position import Reached
from lightship.doclog import Position
from lightship.doclog.protocol.fence import Fence
from lightship.doclog.sqlite import SqliteLog
from lightship.http.tokens import Accepted
from lightship.intake import client
from lightship.intake.server import taking_in
from support import free_port


def lines(first: int, last: int, **keys: Any) -> bytes:
    return b"".join(
        json.dumps({"url": f"https://ex.org/{number}", "text": "x", **keys}).encode() + b"\n"
        for number in range(first, last)
    )


class FailingLog(SqliteLog):
    """A log that fails as often as `failures` says."""

    failures = 0

    def put(self, changes: Sequence[Change], fences: Sequence[Fence] = ()) -> list[Position]:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("not now")
        return super().put(changes, fences)

    @property
    def urls(self) -> list[str]:
        entries = (entry for partition in range(64) for entry in self.read(partition, 0, 100_000))
        return [entry.url for entry in sorted(entries, key=lambda entry: entry.sequence)]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[FailingLog]:
    log = FailingLog(str(tmp_path / "log.sqlite"))
    yield log
    log.close()


@pytest.fixture
def name(log: FailingLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "a secret of these tests")
    monkeypatch.setattr(client, "TRYING_SECONDS", 3.0)
    accepted = Accepted.of("a secret of these tests")
    with taking_in("127.0.0.1:0", log, str(tmp_path), accepted=lambda: accepted) as port:
        yield f"127.0.0.1:{port}"


def test_files_are_sent_in_order_however_they_are_packed(
    name: str, log: FailingLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(0, 2500).removesuffix(b"\n"))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"\n" + lines(2500, 2510)))
    (tmp_path / "c.jsonl.zst").write_bytes(zstandard.compress(lines(2510, 2520)))
    add([f"-indexer={name}", *(str(tmp_path / file) for file in ("a.jsonl", "b.jsonl.gz", "c.jsonl.zst"))])
    assert log.urls == [f"https://ex.org/{number}" for number in range(2520)]
    told = json.loads(capsys.readouterr().out)
    reached = Reached.parse(told["position"])
    assert (told["documents"], max(reached.sequences.values()), len(reached.sequences)) == (2520, 2520, 64)
    assert reached.sequences[partition_of("https://ex.org/2519")] == 2520


def test_the_standard_input_is_a_file(name: str, log: FailingLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines(0, 3))))
    add([f"-indexer={name}", "-"])
    assert len(log.urls) == 3


def test_a_wrong_line_is_named_as_that_of_its_file(name: str, log: FailingLog, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(lines(0, 20) + b"\n\n" + lines(20, 25) + lines(25, 26, title=5) + lines(26, 30))
    with pytest.raises(InvalidInputError) as caught:
        add([f"-indexer={name}", "-batch=10", str(path)])
    assert str(caught.value).startswith(
        f"{path} line 28: Expected `str`, got `int` - at `$.title`; the 20 documents before"
    )
    assert len(log.urls) == 20


def test_it_tries_again_and_elsewhere(name: str, log: FailingLog, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(0, 50))
    log.failures = 1
    add([f"-indexer=127.0.0.1:{free_port()},{name}", "-batch=10", str(tmp_path / "a.jsonl")])
    assert log.urls == [f"https://ex.org/{number}" for number in range(50)]


def test_it_gives_up_with_what_is_stored(name: str, log: FailingLog, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(0, 50))
    log.failures = 1_000_000
    with pytest.raises(UnavailableError, match=r"does not accept documents: not now; no document was stored"):
        add([f"-indexer={name}", str(tmp_path / "a.jsonl")])


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_a_file_that_was_cut_off_is_an_error(name: str, tmp_path: Path, cut: int) -> None:
    for file, packed in {
        "cut.jsonl.gz": gzip.compress(lines(0, 500)),
        "cut.jsonl.zst": zstandard.compress(lines(0, 500)) + zstandard.compress(lines(500, 1000)),
    }.items():
        (tmp_path / file).write_bytes(packed[:-cut])
        with pytest.raises(InvalidInputError, match=rf"can't read .*{file}: .*end"):
            add([f"-indexer={name}", str(tmp_path / file)])


def test_what_can_t_be_sent_is_a_clear_error(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInputError, match=r"can't read .*none.jsonl: .*No such file"):
        add([f"-indexer={name}", str(tmp_path / "none.jsonl")])
    with pytest.raises(ConfigurationError, match=r"name a .jsonl file"):
        add([f"-indexer={name}"])
    (tmp_path / "a.jsonl").write_bytes(lines(0, 5))
    monkeypatch.setenv("LIGHTSHIP_TOKEN", "another secret of these tests")
    with pytest.raises(UnauthorizedError, match="token missing or wrong"):
        add([f"-indexer={name}", str(tmp_path / "a.jsonl")])


def test_the_status_of_an_intake_is_told(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(0, 5))
    add([f"-indexer={name}", str(tmp_path / "a.jsonl")])
    with pytest.raises(UnavailableError, match="no status from localhost:1"):
        status(["-searchengine=localhost:1", f"-indexer={name}"])
    assert (
        f"{name}: intake, 5 changes stored, 0 requests refused, 0 requests waiting (0.0 MB)" in capsys.readouterr().out
    )
