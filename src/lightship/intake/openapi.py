"""The intake's OpenAPI document, generated from the message types."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from lightship import __version__
from lightship.core.model import Document
from lightship.intake.messages import IntakeStatus, Refusal, ShardStatus, Stored

_TYPES = (Document, Stored, Refusal, IntakeStatus, ShardStatus)

Json = dict[str, Any]


@cache
def openapi() -> Json:
    """Return the document as JSON values."""
    _, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    return {
        "openapi": "3.1.0",
        "info": {"title": "Lightship intake", "version": __version__},
        "paths": {
            "/documents": {"post": _post(), "delete": _delete()},
            "/livez": {"get": _operation("Whether the process is alive", {"200": _text()})},
            "/readyz": {
                "get": _operation("Whether the document log answers", {"200": _text(), **_refusals("503")}),
            },
            "/metrics": {"get": _operation("Metrics of this indexer, for Prometheus", {"200": _text()})},
            "/status": {
                "get": _operation(
                    "What has been stored, what is waiting, and the role of this indexer",
                    {"200": _json("IntakeStatus")},
                )
            },
        },
        "components": {"schemas": components, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _post() -> Json:
    encoding = {
        "name": "Content-Encoding",
        "in": "header",
        "required": False,
        "schema": {"enum": ["identity", "gzip", "zstd"]},
        "description": "compression of the body",
    }
    digest = _text_parameter(
        "digest", "SHA-256 of the body as sent, in hexadecimal; a signed token is valid for that body only"
    )
    collection = _text_parameter("collection", "collection that all of the documents are put in")
    lines = {"application/jsonl": {"schema": {"$ref": "#/components/schemas/Document"}}}
    body = {"required": True, "description": "a Document as JSON on each line", "content": lines}
    refusals = _refusals("400", "401", "408", "413", "429", "503", "507")
    return _operation(
        "Store documents, one per line; answered once the log has all of them",
        {"200": _json("Stored"), **refusals},
        parameters=[encoding, digest, collection],
        requestBody=body,
        security=[{"token": []}],
    )


def _delete() -> Json:
    urls = {
        "name": "url",
        "in": "query",
        "required": True,
        "schema": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "description": "URL of a document; may be repeated",
    }
    return _operation(
        "Delete documents; answered once the log has the deletes",
        {"200": _json("Stored"), **_refusals("400", "401", "429", "503", "507")},
        parameters=[urls],
        security=[{"token": []}],
    )


def _text_parameter(name: str, description: str) -> Json:
    return {
        "name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": description,
    }  # fmt: skip


def _operation(summary: str, responses: Json, **more: Any) -> Json:
    return {"summary": summary, "responses": responses, **more}


def _json(name: str) -> Json:
    return {"description": name, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def _text() -> Json:
    return {"description": "a line of text", "content": {"text/plain": {"schema": {"type": "string"}}}}


def _refusals(*statuses: str) -> Json:
    return {status: _json("Refusal") for status in statuses}
