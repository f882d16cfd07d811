from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from lightship.deploy import compose
from lightship.deploy.reading import parse_topology
from lightship.deploy.topology import ENVIRONMENTS
from support import ROOT, require
from unit.deploy.deployments import files_of, topology_of, written

PLUGIN = "usr/libexec/docker/cli-plugins/docker-compose"


def compose_program() -> str | None:
    """Return Compose v2 as a program of its own: that of the machine, or that which .ci/tools unpacks."""
    folders = [ROOT / ".tools", Path("/"), Path("/usr/local/lib/docker/cli-plugins")]
    return next(
        (str(path) for folder in folders for path in (folder / PLUGIN, folder / "docker-compose") if path.is_file()),
        None,
    )


def services(environment: str) -> dict[str, dict[str, Any]]:
    """Return the services of an environment."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(files_of(environment, "compose")["compose.yaml"])["services"]
    return found


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_compose_itself_accepts_it(environment: str, tmp_path: Path) -> None:
    program = compose_program()
    require("Compose v2 (.ci/tools unpacks it)", program)
    list(written(tmp_path, environment, "compose"))
    told = subprocess.run(
        [str(program), "config", "--quiet"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout, told.stderr) == (0, "", "")


def test_compose_refuses_to_start_without_secrets(tmp_path: Path) -> None:
    program = compose_program()
    require("Compose v2 (.ci/tools unpacks it)", program)
    for path in written(tmp_path, "production", "compose"):
        if path.name == compose.SECRETS_FILE:
            path.unlink()
    told = subprocess.run([str(program), "config"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert told.returncode != 0
    assert "LIGHTSHIP_" in told.stderr
    assert "is in .env" in told.stderr


def test_production_has_the_parts_that_the_file_names() -> None:
    names = set(services("production"))
    assert names == {
        "nats-0", "nats-1", "nats-2", "searchengine-0", "searchengine-1", "searchengine-2", "indexer-0", "indexer-1",
        "standby-0-0", "standby-0-1", "crawler", "proxy",
    }  # fmt: skip


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_container_may_more_than_it_must(environment: str) -> None:
    for name, service in services(environment).items():
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"] == service["memswap_limit"], name
        ours = service["image"].startswith("lightship:")
        assert service.get("user") == ("65532:65532" if ours else None), name
        assert "privileged" not in service, name


def test_each_part_is_given_only_the_secrets_that_it_needs() -> None:
    given = {
        name: {key for key in service.get("environment", {}) if key.startswith("LIGHTSHIP_")}
        for name, service in services("production").items()
    }
    assert given["searchengine-0"] == {"LIGHTSHIP_TOKEN", "LIGHTSHIP_ADMIN_TOKEN"}
    assert given["indexer-0"] == given["standby-0-1"] == {"LIGHTSHIP_TOKEN", "LIGHTSHIP_LOG_PASSWORD"}
    assert given["crawler"] == given["nats-2"] == {"LIGHTSHIP_LOG_PASSWORD"}
    assert given["proxy"] == set()


def test_a_folder_is_mounted_where_the_crawler_is_told_to_look() -> None:
    topology = parse_topology('sources = ["/srv/my docs", "https://example.org/%E4%B8%AD?a=b&c=d"]', "dev")
    crawler = yaml.safe_load(compose.render(topology)["compose.yaml"])["services"]["crawler"]
    assert crawler["command"][-2:] == ["/srv/my docs", "https://example.org/%E4%B8%AD?a=b&c=d"]
    assert "/srv/my docs:/srv/my docs:ro" in crawler["volumes"]


def test_a_container_is_replaced_when_its_configuration_changes() -> None:
    def labels(servers: int) -> dict[str, Any]:
        text = compose.render(parse_topology(f"log = {servers}", "dev"))["compose.yaml"]
        return {name: service.get("labels") for name, service in yaml.safe_load(text)["services"].items()}

    assert labels(3)["nats-0"] != labels(5)["nats-0"]
    assert labels(3)["proxy"] == labels(5)["proxy"]
    assert labels(3)["indexer-0"] is None


def test_what_may_be_broken_is_labelled_and_nothing_else() -> None:
    text = 'sources = ["https://example.org/"]\nlog = 3\nstandbys = 1\n[staging]\nchaos = true\n'
    labelled = {}
    for environment in ("staging", "production"):
        files = compose.render(parse_topology(text, environment))
        services = yaml.safe_load(files["compose.yaml"])["services"]
        labelled[environment] = {
            name for name, each in services.items() if each.get("labels", {}).get("lightship.chaos")
        }
        assert {each.get("labels", {}).get("lightship.chaos") for each in services.values()} <= {None, "true"}
    assert labelled["staging"] == services.keys() - {"proxy"}
    assert labelled["production"] == set()


def test_all_that_the_drain_takes_fits_before_the_kill() -> None:
    for name, service in services("production").items():
        if name.startswith("searchengine"):
            drain = next(int(word.partition("=")[2]) for word in service["command"] if word.startswith("-drain="))
            assert int(service["stop_grace_period"].removesuffix("s")) >= drain + 10


@pytest.fixture
def haproxy_cfg(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "haproxy.cfg"
    path.write_text(compose.render(topology_of("production"))["haproxy.cfg"])
    yield path


def test_haproxy_itself_accepts_its_configuration(haproxy_cfg: Path) -> None:
    require("HAProxy", shutil.which("haproxy"))
    told = subprocess.run(["haproxy", "-c", "-q", "-f", str(haproxy_cfg)], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
