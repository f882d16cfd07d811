from __future__ import annotations

import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.client import free_ports, status, urls
from lightship.cli.commands.deploy import TARGETS, deploy
from lightship.core.errors import ConfigurationError
from support import Program, wait_until

FILE = 'sources = ["https://example.org/"]\nlog = 1\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with a deployment file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lightship.toml").write_text(FILE)
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def secrets_in(folder: Path) -> set[str]:
    """Return all secrets in the files that are readable by their owner only."""
    private = [path for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) == 0o600]
    return {word for path in private for word in re.findall("k[0-9a-f]{64}", path.read_text())}


@pytest.mark.parametrize("target", TARGETS)
def test_secrets_are_made_kept_and_never_shown(target: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deploy([target])
    folder = here / "deploy" / "production" / target
    secrets, before = secrets_in(folder), files(folder)
    assert len(secrets) == 3
    public = [path for path in folder.iterdir() if stat.S_IMODE(path.stat().st_mode) == 0o644]
    assert not any(secret in path.read_text() for path in public for secret in secrets)
    deploy([target])
    with pytest.raises(SystemExit):
        deploy([target, "--diff", "--image", "lightship:2"])
    deploy([target, "--image", "lightship:2"])
    assert secrets_in(folder) == secrets
    assert files(folder) != before
    said = capsys.readouterr()
    assert not any(secret in said.out + said.err for secret in secrets)


@pytest.mark.parametrize("target", TARGETS)
def test_it_tells_what_it_writes_and_what_to_do_then(
    target: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deploy([target, "--output", "out"])
    told = capsys.readouterr().out
    assert all(f"out/{name}" in told for name in files(here / "out"))
    assert "then:\n" in told
    deploy([target, "--output", "out"])
    assert "nothing changed in out" in capsys.readouterr().out


@pytest.mark.parametrize("target", TARGETS)
def test_the_same_file_gives_the_same_text(target: str, here: Path) -> None:
    deploy([target, "--output", "one"])
    deploy([target, "--output", "two", "--file", str(here / "lightship.toml")])
    private = {path.name for path in (here / "one").iterdir() if stat.S_IMODE(path.stat().st_mode) == 0o600}
    one, two = (
        {name: text for name, text in files(here / each).items() if name not in private} for each in ("one", "two")
    )
    assert one == two


def test_a_diff_writes_nothing_and_its_status_tells(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        deploy(["compose", "--diff", "--output", "out"])
    told = capsys.readouterr().out
    assert ended.value.code == 2
    assert not (here / "out").exists()
    assert "--- /dev/null\n+++ compose.yaml\n" in told
    assert ".env would be created\n" in told
    deploy(["compose", "--output", "out"])
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        deploy(["compose", "--diff", "--output", "out"])
    assert (ended.value.code, capsys.readouterr().out) == (0, "")
    before = files(here / "out")
    with pytest.raises(SystemExit) as ended:
        deploy(["compose", "--diff", "--output", "out", "--image", "lightship:next"])
    told = capsys.readouterr().out
    assert ended.value.code == 2
    assert "\n-    image: lightship:0.1.0\n+    image: lightship:next\n" in told
    assert files(here / "out") == before


def test_what_an_earlier_deployment_left_is_removed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deploy(["quadlet", "--output", "out"])
    (here / "out" / "mine.container").write_text("[Container]\nImage=other\n")
    (here / "lightship.toml").write_text(FILE.replace("1", "0"))
    capsys.readouterr()
    deploy(["quadlet", "--output", "out"])
    left = files(here / "out")
    assert "lightship-production-nats-0.container" not in left
    assert {"mine.container", "LIGHTSHIP_LOG_PASSWORD.env"} <= left.keys()
    assert "removed  out/lightship-production-nats-0.container\n" in capsys.readouterr().out


def test_a_file_of_somebody_else_is_not_overwritten(here: Path) -> None:
    (here / "compose.yaml").write_text("services: {}\n")
    with pytest.raises(ConfigurationError, match=r"compose\.yaml was not written by `lightship deploy`"):
        deploy(["compose", "--output", "."])
    assert (here / "compose.yaml").read_text() == "services: {}\n"
    assert not (here / ".env").exists()


def test_a_secret_that_others_may_read_is_closed_and_kept(here: Path) -> None:
    (here / "out").mkdir()
    path = here / "out" / ".env"
    path.write_text("LIGHTSHIP_TOKEN=mine\n")
    path.chmod(0o644)
    deploy(["compose", "--output", "out"])
    assert path.read_text() == "LIGHTSHIP_TOKEN=mine\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_git_is_told_to_leave_the_secrets_out(here: Path) -> None:
    deploy(["kubernetes", "--output", "out"])
    assert (here / "out" / ".gitignore").read_text().endswith("\n/secret.yaml\n")


def test_paths_are_those_beside_the_file(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "lightship.toml").write_text('sources = ["docs", "/srv/more.jsonl", "https://example.org/"]\n')
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    deploy(["compose", "--file", "../lightship.toml", "--output", "out"])
    text = (here / "elsewhere" / "out" / "compose.yaml").read_text()
    assert f"{here}/docs:{here}/docs:ro" in text
    assert "/srv/more.jsonl:/srv/more.jsonl:ro" in text


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "name one target: local, compose, quadlet, kubernetes"),
        (["nomad"], "no target is called 'nomad'; name one of local, compose, quadlet, kubernetes"),
        (["compose", "quadlet"], "name one target"),
        (["compose", "--env", "prod"], "unknown environment 'prod'; known environments: dev, test, staging, production"),
        (["compose", "--image", "Not An Image"], '--image: "Not An Image" is not an image'),
        (["compose", "--file", "none.toml"], "can't read the deployment file none.toml"),
        (["local", "--diff"], "--diff and --image do not apply"),
        (["local", "--image", "lightship:2"], "--diff and --image do not apply"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_told(arguments: list[str], told: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        deploy(arguments)
    assert told in str(error.value)


def test_local_needs_a_source(here: Path) -> None:
    (here / "lightship.toml").write_text("")
    with pytest.raises(ConfigurationError, match=r"lightship\.toml: sources: empty; name a website"):
        deploy(["local"])


def test_local_runs_what_the_file_says(here: Path, spawn: Callable[..., Program]) -> None:
    port = free_ports(1)
    (here / "docs.jsonl").write_text('{"url": "https://a.example/", "title": "A lightship", "text": "anchored"}\n')
    text = f'sources = ["docs.jsonl"]\nshards = 2\nport = {port}\n[dev]\nshards = 1\nchaos = true\n'
    (here / "lightship.toml").write_text(text)
    spawn("lightship", "deploy", "--env", "dev", "local")
    wait_until(lambda: urls(port, "lightship") == ["https://a.example/"], 30, "the document is found")
    assert status(port)["layout"].startswith("s1v")
    assert (here / "deploy" / "dev" / "local" / "log.sqlite").exists()
    assert (here / "deploy" / "dev" / "local" / "chaos.json").exists()
