"""The OpenAPI document, generated from the message types."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec

from lightship import __version__
from lightship.core.manifest import (
    DIGEST_PATTERN,
    FILE_NAME_PATTERN,
    LAYOUT_PATTERN,
    MAX_DOCUMENTS,
    MAX_FILE_BYTES,
    MAX_NUMBER,
    MAX_SHARDS,
    MAX_TIME,
    File,
    Manifest,
)
from lightship.http.problem import Problem
from lightship.index.highlight.passage import MAX_PASSAGE, PASSAGE
from lightship.rpc.messages import Installed, Missing, Served
from lightship.searchengine.feeds.render import FEED_TYPES
from lightship.searchengine.integrations.openwebui import ExternalResult, ExternalSearch
from lightship.searchengine.routes.batch import MAX_SEARCHES, FailedSearch
from lightship.searchengine.search.api import (
    DEFAULT_FACET_SIZE,
    MAX_FACET_SIZE,
    MAX_GROUP_SIZE,
    MAX_SIZE,
    MAX_TEXT,
    MIN_SNIPPET,
    Answer,
)
from lightship.searchengine.search.lookup import Lookup
from lightship.searchengine.search.suggesting import MAX_SUGGESTIONS, Suggestions
from lightship.searchengine.watch.events import MEDIA_TYPE
from lightship.searchengine.web.cached import PAGE_CHARACTERS, CachedText
from lightship.searchengine.web.status import Status

_SCHEMES = {
    "token": {"type": "http", "scheme": "bearer", "description": "the secret, or a token that it signs"},
    "key": {"type": "http", "scheme": "bearer", "description": "a key of `lightship key new`, or the secret"},
    "key_of_a_person": {"type": "http", "scheme": "basic", "description": "the same as the password of any user"},
    "key_in_url": {"type": "apiKey", "in": "query", "name": "key", "description": "a key"},
}
_READING: list[dict[str, list[str]]] = [{}, {"key": []}, {"key_of_a_person": []}, {"key_in_url": []}]
_REFUSED = ("401", "403", "429")  # only to keys, and where the searchengine is closed or limits addresses
_TYPES = (
    Answer,
    FailedSearch,
    Suggestions,
    Lookup,
    CachedText,
    ExternalSearch,
    ExternalResult,
    Status,
    Manifest,
    File,
    Installed,
    Missing,
    Problem,
    Served,
)

Json = dict[str, Any]

_LAYOUT_NAME: dict[str, Any] = {"type": "string", "pattern": f"^{LAYOUT_PATTERN}$"}
_FILE_NAME: dict[str, Any] = {"type": "string", "pattern": f"^{FILE_NAME_PATTERN}$"}
_DIGEST: dict[str, Any] = {"type": "string", "pattern": f"^{DIGEST_PATTERN}$"}
_SIZE: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": MAX_FILE_BYTES}
_NUMBER: dict[str, Any] = {"type": "integer", "minimum": 1, "maximum": MAX_NUMBER}
_TIME: dict[str, Any] = {"type": "number", "minimum": 0, "maximum": MAX_TIME}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": MAX_DOCUMENTS}
_SHARD: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": MAX_SHARDS - 1}
_MARKED: dict[str, Any] = {
    "type": "string",
    "description": "escaped HTML; <mark> around what was found is the only markup",
}
_FIELDS = {  # constraints that `check_manifest` enforces, and the meaning of strings that are not plain text
    "Hit": {"title_html": _MARKED, "snippet": _MARKED},
    "File": {"name": _FILE_NAME, "digest": _DIGEST, "size": _SIZE},
    "Segment": {"id": {"type": "string", "pattern": "^[0-9a-f]{32}$"}, "documents": _COUNT, "deleted": _COUNT},
    "Layout": {"shards": {"type": "integer", "minimum": 1, "maximum": MAX_SHARDS}},
    "Manifest": {
        "order": _NUMBER,
        "shard": _SHARD,
        "epoch": _NUMBER,
        "generation": _NUMBER,
        "made": _TIME,
        "fresh_as_of": _TIME,
    },
}
_NAMES = {  # of operations: what generated clients call their functions
    ("/", "get"): "page",
    ("/search", "get"): "search",
    ("/search", "post"): "searchAll",
    ("/lookup", "get"): "lookUp",
    ("/watch", "get"): "watch",
    ("/suggest", "get"): "suggest",
    ("/cached", "get"): "read",
    ("/about", "get"): "about",
    ("/openwebui", "post"): "searchLinks",
    ("/livez", "get"): "isAlive",
    ("/readyz", "get"): "isReady",
    ("/metrics", "get"): "metrics",
    ("/status", "get"): "status",
    ("/rpc/v1/shards/{shard}", "put"): "offerShard",
    ("/rpc/v1/shards/{shard}", "get"): "installedShard",
    ("/rpc/v1/shards/{shard}/files/{name}", "put"): "sendFile",
    ("/rpc/v1/shards/{shard}/files/{name}", "get"): "installedFile",
    ("/admin/v1/promote", "post"): "promote",
    ("/admin/v1/rollback", "post"): "rollBack",
}


@cache
def openapi() -> Json:
    """Return the OpenAPI document as JSON values."""
    _, components = msgspec.json.schema_components(_TYPES, ref_template="#/components/schemas/{name}")
    for name, fields in _FIELDS.items():
        components[name]["properties"].update(fields)
    search = _operation(
        "Search",
        _SEARCH_PARAMETERS,
        {"200": _forms("Answer"), **{status: _forms("Problem") for status in ("400", *_REFUSED, "414", "503")}},
        security=_READING,
    )
    shard = _parameter("shard", "path", _SHARD, "number of the shard")
    file = _parameter("name", "path", _FILE_NAME, "name of a segment file")
    document: Json = {
        "openapi": "3.1.0",
        "info": {"title": "Lightship searchengine", "version": __version__},
        "paths": {
            "/": {"get": {**search}},
            "/search": {"get": search, "post": _batch()},
            "/lookup": {"get": _look_up()},
            "/suggest": {"get": _suggest()},
            "/cached": {"get": _cached()},
            "/about": {
                "get": _operation(
                    "A page about this searchengine, for people",
                    [],
                    {status: _page() for status in ("200", *_REFUSED, "503")},
                    security=_READING,
                )
            },
            "/openwebui": {"post": _external_search()},
            "/watch": {"get": _watch()},
            "/livez": {"get": _operation("Whether the process is alive", [], {"200": _text()})},
            "/readyz": {
                "get": _operation("Whether all shards of a layout are installed", [], {"200": _text(), "503": _text()})
            },
            "/metrics": {"get": _operation("Metrics, in Prometheus' text format", [], {"200": _text()})},
            "/status": {"get": _operation("Shards, generations, ages, documents", [], {"200": _json("Status")})},
            "/rpc/v1/shards/{shard}": {"put": _put_manifest(shard), "get": _get_manifest(shard)},
            "/rpc/v1/shards/{shard}/files/{name}": {"put": _put_file([shard, file]), "get": _get_file([shard, file])},
            "/admin/v1/promote": {"post": _promote()},
            "/admin/v1/rollback": {"post": _roll_back()},
        },
        "components": {"schemas": components, "securitySchemes": _SCHEMES},
    }
    for (path, method), name in _NAMES.items():
        document["paths"][path][method]["operationId"] = name
    return document


def _operation(summary: str, parameters: list[Json], responses: Json, **more: Any) -> Json:
    return {"summary": summary, "parameters": parameters, "responses": responses, **more}


def _parameter(name: str, place: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": place, "required": place == "path", "schema": schema, "description": description}


def _json(name: str) -> Json:
    return {"description": name, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


def _text() -> Json:
    return {"description": "a line of text", "content": {"text/plain": {"schema": {"type": "string"}}}}


def _page() -> Json:
    return {"description": "a page", "content": {"text/html": {"schema": {"type": "string"}}}}


def _bytes() -> Json:
    return {"description": "the bytes", "content": {"application/octet-stream": {}}}


def _forms(name: str) -> Json:
    text = {"schema": {"type": "string"}}
    return {
        "description": f"{name}, in the format that `format` or the Accept header asks for",
        "content": {
            **_json(name)["content"],
            **dict.fromkeys(("text/html", "text/plain", *FEED_TYPES.values()), text),
        },
    }


def _or_empty(schema: Json) -> Json:
    """Return `schema` or an empty string: forms also send empty fields, which count as absent."""
    return {"anyOf": [schema, {"const": ""}]}


def _look_up() -> Json:
    return _operation(
        "One document, and how a query ranks it",
        [
            {**_parameter("url", "query", {"type": "string"}, "url of the document"), "required": True},
            _parameter("q", "query", {"type": "string"}, "query"),
        ],
        {"200": _json("Lookup"), **{status: _json("Problem") for status in ("400", *_REFUSED, "414", "503")}},
        security=_READING,
    )


def _cached() -> Json:
    page = {"type": "integer", "minimum": 1, "default": 1}
    return _operation(
        "The text of one document as it is indexed",
        [
            {**_parameter("url", "query", {"type": "string"}, "url of the document"), "required": True},
            _parameter("q", "query", {"type": "string"}, "query whose words the page marks"),
            _parameter("page", "query", page, f"part of the text, of {PAGE_CHARACTERS} characters each"),
            _FORMAT,
        ],
        {
            "200": _forms("CachedText"),
            **{status: _forms("Problem") for status in ("400", *_REFUSED, "404", "414", "503")},
        },
        security=_READING,
    )


def _batch() -> Json:
    scalar = {"type": ["string", "number", "boolean", "null"]}
    parameters = {"anyOf": [scalar, {"type": "array", "items": scalar}]}
    search = {
        "type": "object",
        "description": "parameters of GET /search, except format; a list is a repeated parameter",
        "additionalProperties": parameters,
        "example": {"q": "lamp", "size": 5, "f.brand": ["Acme", "Bolt"], "facets": ["brand"]},
    }
    answer = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in ("Answer", "FailedSearch")]}
    return _operation(
        "Several searches in one request",
        [],
        {
            "200": {
                "description": "the answer or the error of each search, in their order",
                "content": {"application/json": {"schema": {"type": "array", "items": answer}}},
            },
            **_problems("400", "408", "413"),
        },
        requestBody={
            "required": True,
            "content": {"application/json": {"schema": {"type": "array", "maxItems": MAX_SEARCHES, "items": search}}},
        },
    )


def _external_search() -> Json:
    results = {"type": "array", "items": {"$ref": "#/components/schemas/ExternalResult"}}
    return _operation(
        "A search as Open WebUI asks for it",
        [],
        {
            "200": {"description": "links, best first", "content": {"application/json": {"schema": results}}},
            **_problems("400", *_REFUSED, "408", "413", "503"),
        },
        requestBody={"required": True, "content": _json("ExternalSearch")["content"]},
        security=_READING,
    )


def _watch() -> Json:
    names = {"q", "lang", "f.NAME", "snippet", "text", "key"}
    return _operation(
        "Tell which pages match a search from now on",
        [
            *(each for each in _SEARCH_PARAMETERS if each["name"] in names),
            _parameter("since", "query", {"type": "string"}, "the id of an event to go on after, like Last-Event-ID"),
        ],
        {
            "200": {"description": "server-sent events", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}},
            **{status: _forms("Problem") for status in ("400", *_REFUSED, "414", "503")},
        },
        security=_READING,
    )


def _suggest() -> Json:
    size = {"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": 10}
    browsers = {"application/x-suggestions+json": {"schema": {"type": "array"}}}
    found = _json("Suggestions")
    return _operation(
        "Words and titles that complete what has been typed",
        [
            _parameter("q", "query", {"type": "string"}, "what has been typed"),
            _parameter("size", "query", _or_empty(size), f"suggestions, at most {MAX_SUGGESTIONS}"),
            _parameter("lang", "query", {"type": "string"}, "only documents in this language"),
            _parameter("f.NAME", "query", {"type": "string"}, "only documents with this value, as in a search"),
            _parameter("format", "query", {"type": "string"}, "opensearch: what browsers ask for"),
        ],
        {
            "200": {**found, "content": {**found["content"], **browsers}},
            **{status: _json("Problem") for status in ("400", *_REFUSED, "414", "503")},
        },
        security=_READING,
    )


_FORMAT: Json = _parameter(
    "format",
    "query",
    _or_empty({"enum": ["html", "json", "text", *FEED_TYPES]}),
    "format of the answer; by default what the Accept header prefers",
)
_SEARCH_PARAMETERS = [
    _parameter(
        "q",
        "query",
        {"type": "string"},
        'words, "a phrase", -without, +with, AND, OR, NOT, site:example.org and more: see docs/searching.md',
    ),
    _parameter("page", "query", _or_empty({"type": "integer", "minimum": 1, "default": 1}), "page, from 1"),
    _parameter(
        "size",
        "query",
        _or_empty({"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": 10}),
        "results per page",
    ),
    _parameter(
        "offset",
        "query",
        _or_empty({"type": "integer", "minimum": 0}),
        "instead of page: results, or groups, to leave out",
    ),
    _parameter(
        "limit",
        "query",
        _or_empty({"type": "integer", "minimum": 1, "maximum": MAX_SIZE, "default": 10}),
        "instead of size",
    ),
    _parameter(
        "sort",
        "query",
        {"type": "string", "default": "relevance"},
        "order of the results: relevance, date, oldest, or a field, with a - before it for the largest first",
    ),
    _parameter(
        "lang", "query", {"type": "string"}, "only results in this language: a code like en, or its name like english"
    ),
    _parameter(
        "corrections",
        "query",
        _or_empty({"enum": ["on", "off"], "default": "on"}),
        "whether a word that (almost) no document has is corrected",
    ),
    _parameter(
        "prefix",
        "query",
        _or_empty({"enum": ["none", "last"], "default": "none"}),
        "whether the last word also stands for the words that begin with it",
    ),
    _parameter(
        "f.NAME",
        "query",
        {"type": "string"},
        "a value of the field NAME, or a range like 10..20; repeated, it is any of them; -f.NAME excludes",
    ),
    _parameter("in", "query", {"type": "string"}, "collections, comma-separated; only documents in one of them"),
    _parameter(
        "snippet",
        "query",
        _or_empty({"type": "integer", "minimum": MIN_SNIPPET, "maximum": MAX_PASSAGE, "default": PASSAGE}),
        "characters of each snippet, at most",
    ),
    _parameter(
        "text",
        "query",
        _or_empty({"type": "integer", "minimum": 0, "maximum": MAX_TEXT, "default": 0}),
        "characters of the text of each result, at most",
    ),
    _parameter("group", "query", {"type": "string"}, "a field of which few results have the same value"),
    _parameter(
        "group_size",
        "query",
        _or_empty({"type": "integer", "minimum": 1, "maximum": MAX_GROUP_SIZE, "default": 1}),
        "results of each group",
    ),
    _parameter("facets", "query", {"type": "string"}, "fields whose values are counted, comma-separated"),
    _parameter(
        "facet_size",
        "query",
        _or_empty({"type": "integer", "minimum": 1, "maximum": MAX_FACET_SIZE, "default": DEFAULT_FACET_SIZE}),
        "values of each facet",
    ),
    _parameter(
        "min_position",
        "query",
        {"type": "string"},
        "position from an intake reply; waits until the index has reached it",
    ),
    _FORMAT,
    _parameter("key", "query", {"type": "string"}, "a key, for what can't send the header Authorization"),
]

_GUARD: list[Json] = [{"token": []}]
_LAYOUT = _parameter("layout", "query", _LAYOUT_NAME, "a layout like s3v1; by default the served one")


def _put_manifest(shard: Json) -> Json:
    digest = _parameter("digest", "query", _DIGEST, "SHA-256 of the manifest, in hexadecimal")
    enclosed = _parameter(
        "enclosed",
        "query",
        {"type": "string"},
        "comma-separated names of its files whose bytes follow the manifest after a line feed",
    )
    body = {"required": True, "content": _json("Manifest")["content"]}
    responses = {"200": _json("Installed"), "202": _json("Missing"), **_problems("400", "401", "409", "413", "507")}
    return _operation(
        "Offer a shard's manifest", [shard, digest, enclosed], responses, requestBody=body, security=_GUARD
    )


def _get_manifest(shard: Json) -> Json:
    responses = {"200": _json("Manifest"), **_problems("400", "401", "404")}
    return _operation("The installed manifest", [shard, _LAYOUT], responses, security=_GUARD)


def _put_file(parameters: list[Json]) -> Json:
    announced = [
        _parameter("layout", "query", _LAYOUT_NAME, "layout of the file, like s3v1"),
        _parameter("digest", "query", _DIGEST, "SHA-256 of the file, in hexadecimal"),
        _parameter("size", "query", _SIZE, "size of the file in bytes"),
        _parameter(
            "source",
            "query",
            {"type": "string"},
            "replica to fetch the file from, like http://host:8080, instead of a body",
        ),
    ]
    responses = {"201": _json("File"), **_problems("400", "401", "503", "507")}
    body = {"required": True, "content": _bytes()["content"]}
    return _operation("Send a file", [*parameters, *announced], responses, requestBody=body, security=_GUARD)


def _get_file(parameters: list[Json]) -> Json:
    responses = {"200": _bytes(), **_problems("400", "401", "404")}
    return _operation("A file of the installed manifest", [*parameters, _LAYOUT], responses, security=_GUARD)


def _promote() -> Json:
    layout = {**_parameter("layout", "query", _LAYOUT_NAME, "the layout to serve, like s3v1"), "required": True}
    summary = "Serve a layout, at once or as soon as it is complete"
    return _operation(summary, [layout], {"200": _json("Served"), **_problems("400", "401", "507")}, security=_GUARD)


def _roll_back() -> Json:
    responses = {"200": _json("Served"), **_problems("401", "404", "507")}
    return _operation("Serve the former layout again, if it is still kept", [], responses, security=_GUARD)


def _problems(*statuses: str) -> Json:
    return {status: _json("Problem") for status in statuses}
