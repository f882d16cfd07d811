"""n8n's nodes made from /openapi.json, by the real package: each call becomes an operation, with what it takes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from examples.conftest import MODULES
from lightship.searchengine.routes.openapi import openapi
from support import require

BUILD = """
const { N8NPropertiesBuilder } = require("@devlikeapro/n8n-openapi-node");
const described = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
const logger = Object.fromEntries(["info", "warn", "error", "debug", "child"].map((name) => [name, () => logger]));
console.log(JSON.stringify(new N8NPropertiesBuilder(described, { logger }).build()));
"""


@pytest.fixture(scope="module")
def properties(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return the properties of the node."""
    require("what npm installs from examples/package.json (make examples)", (MODULES / "@devlikeapro").exists())
    require("node", shutil.which("node"))
    path: Path = tmp_path_factory.mktemp("n8n") / "openapi.json"
    path.write_text(json.dumps(openapi()))
    made = subprocess.run(
        ["node", "-e", BUILD, str(path)], cwd=MODULES.parent, check=True, capture_output=True, text=True, timeout=60
    )
    read: list[dict[str, Any]] = json.loads(made.stdout)
    return read


def test_each_call_is_an_operation(properties: list[dict[str, Any]]) -> None:
    routes = {
        (each["routing"]["request"]["method"], each["routing"]["request"]["url"])
        for found in properties
        if found["name"] == "operation"
        for each in found.get("options", [])
    }
    assert {("GET", "=/search"), ("POST", "=/search"), ("GET", "=/suggest"), ("POST", "=/openwebui")} <= routes
    assert len(routes) == sum(len(methods) for methods in openapi()["paths"].values())


def test_a_search_takes_its_parameters(properties: list[dict[str, Any]]) -> None:
    taken = {
        each["name"]
        for each in properties
        if "Search" in each.get("displayOptions", {}).get("show", {}).get("operation", [])
    }
    assert {"q", "page", "size", "sort", "lang", "facets", "format"} <= taken
