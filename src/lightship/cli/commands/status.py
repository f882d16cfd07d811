"""`lightship status`: what each searchengine serves, and which indexers are leaders or standbys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lightship.cli.system.secret import adopt_secret
from lightship.cli.system.status import INTAKE_KEYS, SEARCHENGINE_KEYS, read_status
from lightship.config import StatusSettings, parse_settings
from lightship.core.errors import UnavailableError
from lightship.http.tls import trust


def status(arguments: Sequence[str]) -> None:
    """Print a line for each searchengine, indexer and shard; raises UnavailableError if a program does not answer."""
    settings, _ = parse_settings(
        StatusSettings, "lightship status", arguments,
        description="Show what searchengines, and the indexers named with -indexer, are doing.",
    )  # fmt: skip
    trust(settings.tls_ca)
    adopt_secret(settings.data)
    errors = []
    asked = [(name, SEARCHENGINE_KEYS, _lines) for name in settings.searchengine]
    asked += [(name, INTAKE_KEYS, _intake_lines) for name in settings.indexer]
    for name, keys, lines in asked:
        try:
            print("\n".join(lines(name, read_status(name, keys=keys))))  # noqa: T201 (what was asked for)
        except UnavailableError as error:
            errors.append(str(error))
    if errors:
        raise UnavailableError("; ".join(errors))


def _intake_lines(name: str, found: dict[str, Any]) -> list[str]:
    waiting = f"{found['waiting_requests']} requests waiting ({found['waiting_bytes'] / 1e6:.1f} MB)"
    stored = f"{found['stored']} changes stored, {found['refused']} requests refused"
    full = [f"  not ready: {found['no_room']}"] if found.get("no_room") else []
    return [f"{name}: intake, {stored}, {waiting}, version {found['version']}", *full, *_role_lines(found["shard"])]


def _role_lines(shard: dict[str, Any] | None) -> list[str]:
    """Return a line about an indexer's role and its copy of the shard."""
    if shard is None:
        return []
    version = f"{shard['documents']} documents, epoch {shard['epoch']}, generation {shard['generation']}"
    role = f"leader, {version}, {shard['lag_seconds'] or 0:.1f} s behind the log"
    if not shard["leads"]:
        role = f"standby, {f'warm copy of {version}' if shard['epoch'] else 'no warm copy yet'}"
    if waits := shard.get("waits"):
        role = f"{waits}; {shard['lag_seconds'] or 0:.1f} s behind the log"
    return [f"  shard {shard['shard']} of {shard['layout']}: {role}"]


def _lines(name: str, found: dict[str, Any]) -> list[str]:
    state = "ready" if found["ready"] else "not ready"
    lines = [
        f"{name}: {state}, layout {found['layout'] or '-'}, {found['documents']} documents, version {found['version']}"
    ]
    lines.extend(
        f"  shard {shard['shard']}: {shard['documents']} documents in {shard['segments']} segments,"
        f" {shard['bytes'] / 1e6:.1f} MB, epoch {shard['epoch']}, generation {shard['generation']},"
        f" fresh as of {shard['age_seconds']:.1f} s ago"
        for shard in found["shards"]
    )
    lines.extend(
        f"  candidate: {candidate['layout']}, {candidate['present']} of {candidate['shards']} shards,"
        f" {candidate['documents']} documents: {candidate['held'] or 'about to be served'}"
        for candidate in found.get("candidates", [])
    )
    if found.get("former"):
        lines.append(f"  former: {found['former']}, kept for rollback until {found['former_until']}")
    return lines
