"""The image's list of parts: a CycloneDX 1.5 document that names each, its version, licence, and bytes in the image."""

from __future__ import annotations

import csv
import email
import json
import re
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

BYTES = "lightship:bytes"  # property of a component: how much of the unpacked image it is


Sizes = Counter[str]  # bytes in the image by component: a Debian package, or a distribution of PyPI


def owners(wheels: Path) -> dict[str, str]:
    """Return which distribution each file below the folder of installed wheels is of."""
    return {
        row[0]: _metadata(record.parent)["Name"].lower()
        for record in wheels.glob("*.dist-info/RECORD")
        for row in csv.reader(record.read_text().splitlines())
    }


def document(architecture: str, debs: Path, wheels: Path, source: Path, sizes: Sizes) -> bytes:
    """Return the document, as JSON; equal parts give equal bytes. Only what has bytes in the image is in it."""
    project = _project(source)
    components = [*_debian(debs), *_distributions(wheels)]
    listed = [_with_size(each, sizes[each["name"]]) for each in components if sizes[each["name"]]]
    if missing := set(sizes) - {each["name"] for each in listed} - {"lightship"}:
        raise SystemExit(f"error: nobody knows these parts of the image: {', '.join(sorted(missing))}")
    told = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": _with_size(project, sizes["lightship"]),
            "properties": [{"name": "lightship:architecture", "value": architecture}],
        },
        "components": listed,
    }
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(told, sort_keys=True))
    return json.dumps({"serialNumber": f"urn:uuid:{number}", **told}, indent=1).encode()


def _with_size(component: dict[str, Any], size: int) -> dict[str, Any]:
    return {**component, "properties": [{"name": BYTES, "value": str(size)}]}


def _project(source: Path) -> dict[str, Any]:
    text = (source / "src/lightship/__init__.py").read_text()
    found = re.search(r'__version__ = "(.+)"', text)
    assert found is not None
    return _component("application", "lightship", found[1], f"pkg:pypi/lightship@{found[1]}", "Apache-2.0")


def _debian(debs: Path) -> list[dict[str, Any]]:
    """Describe the Debian packages, whose unpacked folders are named as their files are: name_version_architecture."""
    folders = sorted(path.name for path in debs.iterdir() if path.is_dir())
    return [
        _component("library", name, version.replace("%3a", ":"), f"pkg:deb/debian/{name}@{version}?arch={arch}")
        for name, version, arch in (folder.split("_") for folder in folders)
    ]


def _distributions(wheels: Path) -> list[dict[str, Any]]:
    found = []
    for folder in sorted(wheels.glob("*.dist-info")):
        told = _metadata(folder)
        name, version = told["Name"].lower(), told["Version"]
        found.append(
            _component("library", name, version, f"pkg:pypi/{name}@{version}", told["License-Expression"] or "")
        )
    return found


def _metadata(folder: Path) -> Any:
    return email.message_from_string((folder / "METADATA").read_text())


def _component(kind: str, name: str, version: str, purl: str, licence: str = "") -> dict[str, Any]:
    licences = {"licenses": [{"expression": licence}]} if licence else {}
    return {"type": kind, "bom-ref": purl, "name": name, "version": version, "purl": purl, **licences}
