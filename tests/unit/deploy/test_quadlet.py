from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from lightship.deploy import quadlet
from lightship.deploy.reading import parse_topology
from lightship.deploy.topology import ENVIRONMENTS
from support import ROOT, require
from unit.deploy.deployments import files_of, written


def generator() -> str | None:
    """Return Podman's generator of systemd units: that which .ci/tools unpacks, or that of the machine."""
    paths = (ROOT / ".tools/usr/libexec/podman/quadlet", Path("/usr/libexec/podman/quadlet"))
    return next((str(path) for path in paths if path.is_file()), None)


def generate(folder: Path) -> dict[str, str]:
    """Return the services that the generator makes of the units in `folder`, by name; it must say nothing but what it read."""
    program = generator()
    require("Podman's quadlet generator (.ci/tools unpacks it)", program)
    told = subprocess.run(
        [str(program), "-dryrun"], env={**os.environ, "QUADLET_UNIT_DIRS": str(folder)}, capture_output=True, text=True, check=False
    )  # fmt: skip
    said = [line for line in told.stderr.splitlines() if ": Loading source unit file " not in line]
    assert (told.returncode, said) == (0, [])
    parts = re.split(r"^---(.+)---$", told.stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def command(service: str) -> list[str]:
    """Return what a service runs."""
    return shlex.split(re.findall(r"^ExecStart=(.+)$", service, re.MULTILINE)[0])


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_generator_makes_a_service_of_every_unit(environment: str, tmp_path: Path) -> None:
    list(written(tmp_path, environment, "quadlet"))
    services = generate(tmp_path)
    units = [name for name in files_of(environment, "quadlet") if name.endswith((".container", ".volume", ".network"))]
    assert len(services) == len(units)
    assert {
        f"{name.removesuffix('.container')}.service" for name in units if name.endswith(".container")
    } <= services.keys()


def test_what_is_run_is_what_the_unit_says(tmp_path: Path) -> None:
    list(written(tmp_path, "production", "quadlet"))
    run = command(generate(tmp_path)["lightship-production-searchengine-1.service"])
    image = run.index("localhost/lightship:0.1.0")
    assert run[image + 1 :] == ["/searchengine", "-addr=:8080", "-data=/data/searchengine", "-drain=5"]
    options = run[:image]
    for word in ("--read-only", "--network-alias=searchengine", "--memory=1024m", "--security-opt=no-new-privileges"):
        assert word in options
    assert options[options.index("--user") + 1] == "65532:65532"
    assert options[options.index("--cap-drop") + 1] == "all"
    assert options[options.index("--health-cmd") + 1] == '["/lightship","probe","http://localhost:8080/readyz"]'
    assert str(tmp_path / "LIGHTSHIP_TOKEN.env") in options
    assert str(tmp_path / "LIGHTSHIP_LOG_PASSWORD.env") not in options


def test_what_uses_the_log_stops_before_it(tmp_path: Path) -> None:
    list(written(tmp_path, "production", "quadlet"))
    services = generate(tmp_path)
    for part in ("indexer-0", "standby-0-1", "crawler", "searchengine-0", "nats-0", "proxy"):
        after = "After=" + " ".join(f"lightship-production-nats-{number}.service" for number in range(3))
        assert (after in services[f"lightship-production-{part}.service"]) == (
            part in ("indexer-0", "standby-0-1", "crawler")
        )


def test_words_arrive_as_they_are(tmp_path: Path) -> None:
    sources = ["/srv/my 100% docs", "https://example.org/%E4%B8%AD?a=b&c=d;e#f", "https://example.org/中文"]
    topology = parse_topology(f"sources = {sources!r}".replace("'", '"'), "dev")
    for name, text in quadlet.render(topology).items():
        (tmp_path / name).write_text(text)
    run = command(generate(tmp_path)["lightship-dev-crawler.service"])
    run = [word.replace("%%", "%") for word in run]  # as systemd reads it
    assert run[-3:] == sources
    assert run[run.index(f"{sources[0]}:{sources[0]}:ro") - 1] == "-v"


@pytest.mark.parametrize(
    ("image", "whole"),
    [
        ("lightship:1", "localhost/lightship:1"),
        ("team/lightship:1", "docker.io/team/lightship:1"),
        ("registry.example.org/lightship:1", "registry.example.org/lightship:1"),
        ("localhost:5000/lightship", "localhost:5000/lightship"),
    ],
)
def test_images_are_named_with_their_registry(image: str, whole: str) -> None:
    units = quadlet.render(parse_topology(f'image = "{image}"', "dev"))
    assert f"\nImage={whole}\n" in units["lightship-dev-searchengine-0.container"]
    assert "\nImage=docker.io/library/haproxy:3.2\n" in units["lightship-dev-proxy.container"]


def test_rules_arrive_as_they_were_written(tmp_path: Path) -> None:
    text = """sources = ["https://a.example/"]
    [rules."https://a.example/"]
    exclude = ["*.pdf", "/100%25/", "/a b/"]
    fields = { name = "50% \\"off\\"" }
    """
    topology = parse_topology(text, "dev")
    unit = quadlet.render(topology)["lightship-dev-crawler.container"]
    (words,) = re.findall(r"^Exec=(.+)$", unit, re.MULTILINE)
    assert f"-rules={topology.rules}" in shlex.split(words.replace("%%", "%"))
    for name, content in quadlet.render(topology).items():
        (tmp_path / name).write_text(content)
    assert f"-rules={topology.rules}" in command(generate(tmp_path)["lightship-dev-crawler.service"].replace("%%", "%"))
