"""`lightship deploy`: turns a deployment file into files for Compose, Podman or Kubernetes, or runs it here."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from lightship.cli.local.up import up
from lightship.config import DeploySettings, as_json, parse_settings, read_rules
from lightship.core.errors import ConfigurationError
from lightship.deploy import compose, kubernetes, quadlet, values
from lightship.deploy.output import apply, changes, keep_secrets, missing
from lightship.deploy.parts import crawl_arguments
from lightship.deploy.reading import read_topology
from lightship.deploy.render import header
from lightship.deploy.secrets import NAMES, make_secret
from lightship.deploy.topology import Topology

WOULD_CHANGE = 2  # exit status of --diff


class Target(Protocol):
    """A generator for one deployment target: configuration in, text out."""

    def render(self, topology: Topology) -> dict[str, str]:
        """Return the text of each file, by name."""

    def render_secrets(self, secrets: Mapping[str, str]) -> dict[str, str]:
        """Return the text of each file that holds secrets, by name."""

    def next_steps(self, topology: Topology, folder: str, *, first: bool) -> list[str]:
        """Return the commands to run next, for the first deployment or for a later one."""


TARGETS: dict[str, Target] = {"compose": compose, "quadlet": quadlet, "kubernetes": kubernetes}


def deploy(arguments: Sequence[str]) -> None:
    """Write the files of a target and print their names; `local` runs everything here. Raises ConfigurationError."""
    known = f"local, {', '.join(TARGETS)}"
    settings, targets = parse_settings(
        DeploySettings, "lightship deploy", arguments, positional="TARGET",
        description=f"Deploy what lightship.toml describes to one target: {known}.",
    )  # fmt: skip
    if len(targets) != 1:
        raise ConfigurationError(f"lightship deploy: name one target: {known}")
    if targets[0] not in ("local", *TARGETS):
        raise ConfigurationError(f"lightship deploy: no target is called {targets[0]!r}; name one of {known}")
    topology = _topology(settings)
    folder = settings.output or os.path.join("deploy", settings.env, targets[0])
    if targets[0] == "local":
        _run_here(settings, topology, folder)
    else:
        _write(targets[0], topology, Path(folder), diff=settings.diff)


def _topology(settings: DeploySettings) -> Topology:
    """Return the contents of the file, with the command line's image and with absolute paths."""
    topology = read_topology(settings.file, settings.env)
    beside = os.path.dirname(os.path.abspath(settings.file))
    rules = tuple(dataclasses.replace(each, source=_placed(each.source, beside)) for each in read_rules(topology.rules))
    try:
        image = values.image(settings.image) if settings.image else topology.image
    except ValueError as error:
        raise ConfigurationError(f"lightship deploy: --image: {error}") from error
    sources = tuple(_placed(source, beside) for source in topology.sources)
    return dataclasses.replace(topology, image=image, sources=sources, rules=as_json(rules))


def _placed(source: str, folder: str) -> str:
    """Return a source of a deployment file in `folder`, with an absolute path."""
    return source if values.is_website(source) else os.path.normpath(os.path.join(folder, source))


def _run_here(settings: DeploySettings, topology: Topology, folder: str) -> None:
    if settings.diff or settings.image:
        raise ConfigurationError(
            "lightship deploy local: --diff and --image do not apply; it starts the programs of this machine"
        )
    if not topology.sources:
        raise ConfigurationError(
            f"{settings.file}: sources: empty; name a website, folder or .jsonl file to crawl on this machine"
        )
    numbers = {name: getattr(topology, name) for name in ("shards", "standbys", "replicas", "port")}
    flags = [f"--{name}" for name in ("chaos", "closed") if getattr(topology, name)]
    more = [*flags, f"--origins={topology.origins}", f"--rate={topology.rate}", *crawl_arguments(topology)]
    up([*(f"--{name}={number}" for name, number in numbers.items()), *more, f"--data={folder}", *topology.sources])


def _write(target: str, topology: Topology, folder: Path, *, diff: bool) -> None:
    writer = TARGETS[target]
    secrets = writer.render_secrets({name: make_secret() for name in NAMES})
    ignored = f"# {header(topology, target)}\n" + "".join(f"/{name}\n" for name in secrets)
    found = changes(folder, {**writer.render(topology), ".gitignore": ignored})
    if diff:
        lacking = missing(folder, secrets)
        _print("".join(change.diff() for change in found) + "".join(f"{name} would be created\n" for name in lacking))
        sys.exit(WOULD_CHANGE if found or lacking else 0)
    made = keep_secrets(folder, secrets)
    apply(folder, found)
    lines = [f"{change.verb:8} {folder / change.name}\n" for change in found]
    lines += [f"secret   {folder / name} (created, readable only by its owner; keep it)\n" for name in made]
    steps = "".join(f"  {step}\n" for step in writer.next_steps(topology, str(folder), first=bool(made)))
    _print("".join(lines) or f"nothing changed in {folder}\n")
    _print(f"then:\n{steps}")


def _print(text: str) -> None:
    sys.stdout.write(text)
