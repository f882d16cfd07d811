"""The deployments of the shipped file, for every environment and target; run it to write the goldens again.

python tests/unit/deploy/deployments.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lightship.cli.commands.deploy import TARGETS
from lightship.deploy.reading import read_topology
from lightship.deploy.topology import ENVIRONMENTS, Topology

GOLDENS = Path(__file__).with_name("goldens")
SHIPPED = Path(__file__).parents[3] / "lightship.toml"
ALL = [(environment, target) for environment in ENVIRONMENTS for target in TARGETS]


def topology_of(environment: str) -> Topology:
    """Return what the shipped file says of `environment`."""
    return read_topology(str(SHIPPED), environment)


def files_of(environment: str, target: str) -> dict[str, str]:
    """Return the files of a deployment of the shipped file."""
    return TARGETS[target].render(topology_of(environment))


def golden_text(environment: str, target: str) -> str:
    """Return all files of a deployment as one text."""
    return "\n".join(f"=== {name}\n{text}" for name, text in sorted(files_of(environment, target).items()))


def golden_path(environment: str, target: str) -> Path:
    """Return where that text is kept."""
    return GOLDENS / f"{environment}-{target}.txt"


def written(folder: Path, environment: str, target: str) -> Iterator[Path]:
    """Write a deployment's files below `folder` and yield their paths; the secrets are easy to find."""
    secrets = {"LIGHTSHIP_TOKEN": "secret-1", "LIGHTSHIP_ADMIN_TOKEN": "secret-2", "LIGHTSHIP_LOG_PASSWORD": "secret-3"}
    for name, text in {**files_of(environment, target), **TARGETS[target].render_secrets(secrets)}.items():
        (folder / name).write_text(text)
        yield folder / name


if __name__ == "__main__":
    for each in ALL:
        golden_path(*each).write_text(golden_text(*each))
