"""docs/api.md names every key, parameter, path, status and metric of the HTTP API, and no other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from lightship.core.errors import STATUS
from lightship.http.problem import Problem
from lightship.indexer.publish.metrics import render_metrics
from lightship.intake import messages
from lightship.intake.openapi import openapi as intake_openapi
from lightship.rpc.messages import Served
from lightship.searchengine.integrations.openwebui import ExternalResult, ExternalSearch
from lightship.searchengine.routes.batch import FailedSearch
from lightship.searchengine.routes.openapi import openapi
from lightship.searchengine.search.api import (
    Answer,
    FacetRange,
    FacetRanges,
    FacetValue,
    Group,
    Hit,
    HitSection,
    IndexInfo,
)  # fmt: skip
from lightship.searchengine.search.lookup import Lookup, Ranking
from lightship.searchengine.search.suggesting import Suggestion, Suggestions
from lightship.searchengine.store.layouts import Candidate
from lightship.searchengine.store.scrub import PASSED
from lightship.searchengine.web.cached import CachedText
from lightship.searchengine.web.status import ShardStatus, Status
from made import MadeShard, page, served
from support import ROOT

TEXT = (ROOT / "docs" / "api.md").read_text()
BY_SERVER = {403, 405}  # these two are not errors of ours: http/ answers them
OBJECTS: dict[str, type[msgspec.Struct]] = {
    "Search answer": Answer,
    "Facet value": FacetValue,
    "Facet ranges": FacetRanges,
    "Facet range": FacetRange,
    "Failed search": FailedSearch,
    "External search": ExternalSearch,
    "External result": ExternalResult,
    "Suggestions answer": Suggestions,
    "Suggestion": Suggestion,
    "Hit": Hit,
    "Section of a hit": HitSection,
    "Group": Group,
    "Index": IndexInfo,
    "Cached text answer": CachedText,
    "Lookup answer": Lookup,
    "Ranking": Ranking,
    "Status answer": Status,
    "Status of a shard": ShardStatus,
    "Candidate": Candidate,
    "Administration answer": Served,
    "Documents answer": messages.Stored,
    "Documents refusal": messages.Refusal,
    "Status of an intake": messages.IntakeStatus,
    "Error": Problem,
}
JSON_TYPES = {"string", "integer", "number", "boolean", "object", "array", "null"}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading, without its head."""
    _, found, section = TEXT.partition(f"\n### {heading}\n")
    assert found, f"there is no heading {heading!r}"
    lines = re.findall(r"^\| (.*) \|$", re.split(r"\n##", section)[0], re.MULTILINE)
    return [[cell.strip() for cell in line.split(" | ")] for line in lines if not line.startswith("-")][1:]


def first_cells(heading: str) -> list[str]:
    return [cells[0].strip("`") for cells in rows(heading)]


def types_of(schema: dict[str, Any], components: dict[str, Any]) -> set[str]:
    """Return the JSON types that `schema` allows, as words."""
    if "$ref" in schema:
        return types_of(components[schema["$ref"].rpartition("/")[2]], components)
    if "anyOf" in schema:
        return set().union(*(types_of(each, components) for each in schema["anyOf"]))
    kind = schema.get("type")
    return {kind} if isinstance(kind, str) else set(kind or ())


@pytest.mark.parametrize("heading", OBJECTS)
def test_the_keys_and_types_of_an_object_are_those_documented(heading: str) -> None:
    kind = OBJECTS[heading]
    _, components = msgspec.json.schema_components([kind], ref_template="#/{name}")
    documented = {cells[0].strip("`"): set(cells[1].split(" or ")) for cells in rows(heading)}
    schemas = components[kind.__name__]["properties"]
    assert list(documented) == list(schemas)
    for key, words in documented.items():
        allowed = types_of(schemas[key], components)
        if heading == "Documents refusal":  # a key without a value is left out
            allowed -= {"null"}
        assert words == allowed, key


def test_the_parts_of_a_shard_of_an_intake_are_named() -> None:
    [cell] = [cells[2] for cells in rows("Status of an intake") if cells[0] == "`shard`"]
    assert set(re.findall("`([a-z_]+)`", cell)) == set(messages.ShardStatus.__struct_fields__)


def test_the_parameters_of_a_search_are_those_documented() -> None:
    parameters = openapi()["paths"]["/search"]["get"]["parameters"]
    assert first_cells("Search parameters") == [parameter["name"] for parameter in parameters]


def test_every_path_is_documented() -> None:
    for path in {**openapi()["paths"], **intake_openapi()["paths"]}:
        assert re.search(rf"{re.escape(path)}[?` ]", TEXT) or path.startswith("/rpc/v1/"), path


def test_the_statuses_of_errors_are_those_documented() -> None:
    assert {int(status) for status in first_cells("Status codes")} == {*STATUS.values(), *BY_SERVER}


def test_the_metrics_of_a_searchengine_are_those_documented(tmp_path: Path) -> None:
    with served(tmp_path / "store") as caller:
        caller.push(MadeShard(tmp_path / "shard").put(page(1)))
        (tmp_path / "store" / PASSED).touch()
        assert described("Metrics of a searchengine") == exposed(caller.get("/metrics").text)


def test_the_metrics_of_an_indexer_are_those_documented() -> None:
    text, _ = render_metrics()
    assert described("Metrics of an indexer") == exposed(text.decode())


def described(heading: str) -> set[tuple[str, str]]:
    return {(cells[0].strip("`"), cells[1]) for cells in rows(heading)}


def exposed(text: str) -> set[tuple[str, str]]:
    """Return the names and types of our metrics in what Prometheus reads."""
    families = text_string_to_metric_families(text)
    return {
        (family.name, family.type)
        for family in families
        if family.name.startswith("lightship_") and not family.name.endswith("_created")
    }
