"""Settings of the `lightship` commands."""

from __future__ import annotations

import dataclasses

from lightship.config.crawler import Crawling
from lightship.config.searchengine import SearchengineSettings
from lightship.config.setting import (
    address,
    addresses,
    collection,
    collections,
    declaration,
    duration,
    host,
    key_and_value,
    number,
    optional_addresses,
    rate,
    setting,
)
from lightship.config.shared import (
    ANSWERS,
    CLOSED,
    COLLECTIONS,
    DATA_OF_UP,
    FIELDS,
    ORIGINS,
    RATE,
    REVOKED,
    TLS_CA,
    UP_DATA,
)
from lightship.core.collections import collections_of, with_collections
from lightship.core.model import PARTITIONS
from lightship.core.origins import parse_origins


@dataclasses.dataclass(frozen=True)
class UpSettings(Crawling):
    """Settings of `lightship up`; its sources are given as arguments. Those of Crawling go to its crawler."""

    shards: int = setting(1, "number of indexers", number(1, PARTITIONS))
    replicas: int = setting(1, "number of searchengines, on PORT, PORT+1, …", number(1, 64))
    fields: str = setting("", FIELDS, declaration)
    collections: str = setting("", COLLECTIONS, collections)
    origins: tuple[str, ...] = setting((), ORIGINS, parse_origins)
    closed: bool = setting(False, CLOSED)
    revoked: str = setting("", REVOKED)
    rate: str = setting("", RATE, rate)
    answers: int = setting(SearchengineSettings.answers, ANSWERS, number(0, 100_000))
    standbys: int = setting(0, "indexers that stand by for each shard", number(0, 8))
    host: str = setting(
        "127.0.0.1", "address on which all parts listen; 0.0.0.0: all addresses, so that anyone who can reach the machine can search",
        host,
    )  # fmt: skip
    port: int = setting(8080, "port of the search page", number(1, 65535))
    intake: int = setting(0, "port of the intake; shard N uses INTAKE+N; 0: PORT + 1010", number(0, 65535))
    data: str = setting(UP_DATA, "data folder of all parts, and of the secret that they share")
    chaos: bool = setting(False, "allows `lightship chaos` to inject faults")

    @property
    def declaration(self) -> str:
        """The declared fields, with that of the collections; raises InvalidInputError."""
        named = [*collections_of(self.collections), *(each.collection for each in self.rules)]
        return with_collections(self.fields, named)


@dataclasses.dataclass(frozen=True)
class DeploySettings:
    """Settings of `lightship deploy`; its argument is the target."""

    env: str = setting("production", "environment: dev, test, staging or production")
    file: str = setting("lightship.toml", "the deployment file")
    output: str = setting("", "folder to write to; when empty, deploy/ENV/TARGET")
    image: str = setting("", "image to deploy, like registry.example.org/lightship:1.2; when empty, that of the file")
    diff: bool = setting(False, "shows what would change without writing it; exit status 2 if anything would")


@dataclasses.dataclass(frozen=True)
class AddSettings:
    """Settings of `lightship add`; its files are given as arguments."""

    indexer: tuple[str, ...] = setting(
        ("localhost:9090",),
        "host:port of the indexers' intake, comma-separated; each is tried in turn until one answers",
        addresses,
    )
    batch: int = setting(1000, "documents per request", number(1, 10_000))
    collection: str = setting(
        "", "collection to put all documents into; when empty, the one that each document names", collection
    )
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class KeySettings:
    """Settings of `lightship key`; its argument is `new`."""

    search: bool = setting(False, "allows searching, and reading results")
    filter: str = setting(
        "", "filters that limit what the key sees, like f.team=red&-f.tags=old; when empty, everything"
    )
    origins: tuple[str, ...] = setting(
        (), "origins of the web pages that may use the key, comma-separated; when empty, any page and program",
        parse_origins,
    )  # fmt: skip
    expires: str = setting("90d", "time until the key expires, like 30d or 12h; never: no expiry", duration)
    rate: str = setting("", "requests that may be made with the key, like 10/s or 600/m; when empty, unlimited", rate)
    name: str = setting("", "name by which the key can be revoked; when empty, a random one")
    data: str = setting(UP_DATA, DATA_OF_UP)


@dataclasses.dataclass(frozen=True)
class StatusSettings:
    """Settings of `lightship status`."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, comma-separated", addresses
    )
    indexer: tuple[str, ...] = setting(
        (), "host:port of the indexers' intake, comma-separated, to query them too", optional_addresses
    )
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class SearchSettings:
    """Settings of `lightship search`; its arguments are the words."""

    searchengine: str = setting("localhost:8080", "host:port of a searchengine", address)
    size: int = setting(10, "results on a page", number(1, 100))
    page: int = setting(1, "page of results", number(1, 10_000))
    sort: str = setting("", "order: relevance, date, oldest, or the name of a field, after a - for the largest first")
    exact: bool = setting(False, "does not correct mistyped words")
    json: bool = setting(False, "prints the answer as JSON")
    key: str = setting("", "key to search with, made by `lightship key new`")
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class WatchSettings:
    """Settings of `lightship watch`; its arguments are the words."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",),
        "host:port of the searchengines, comma-separated; one is watched at a time, and the next when it fails",
        addresses,
    )
    filter: str = setting("", "filters of the search, like f.team=red&lang=en")
    post: str = setting("", "url that each event is posted to, signed; when empty, events are printed")
    state: str = setting(
        "",
        "file that keeps the position reached and the webhook's secret; when empty, one in the watch folder of -data",
    )
    key: str = setting("", "key to search with, made by `lightship key new`")
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class ExplainSettings:
    """Settings of `lightship explain`; its argument is the url."""

    crawler: tuple[str, ...] = setting(
        ("localhost:9190",), "host:port of the crawlers' -listen, comma-separated", optional_addresses
    )
    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, comma-separated", optional_addresses
    )
    query: str = setting("", "a query; also explains how it ranks the page")
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class TestSettings:
    """Settings of `lightship test`."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",),
        "host:port of the searchengines, comma-separated; a name stands for all its addresses",
        addresses,
    )
    indexer: tuple[str, ...] = setting(
        (),
        "host:port of the indexers' intake, comma-separated, for adding test documents, which are deleted at the end; when empty, nothing is changed",
        optional_addresses,
    )
    wait: float = setting(60.0, "seconds to wait until all parts are ready", number(0, 3600, float))
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class JudgeSettings:
    """Settings of `lightship judge`; its arguments are folders of judged collections."""

    searchengine: tuple[str, ...] = setting(
        (),
        "host:port of the searchengines to judge, comma-separated, which hold the collection's documents; when empty, these are indexed in a temporary folder",
        optional_addresses,
    )
    documents: str = setting("", "file of the documents (.jsonl, .gz, .zst); when empty, the one in the folder")
    where: str = setting(
        "", "key=value that a line of the documents must have to be used; when empty, all lines are used", key_and_value
    )
    field: str = setting(
        "", "field of a result that contains the document's id; when empty, the id is taken from its url"
    )
    shards: int = setting(1, "shards of the temporary index", number(1, PARTITIONS))
    json: str = setting("", "file to write each query's measures to, as JSON; when empty, none is written")
    baseline: str = setting("", "file of an earlier run (-json) to compare with; when empty, none")
    show: int = setting(
        10, "queries to list, of those whose results differ most between two systems", number(0, 100_000)
    )
    export: str = setting(
        "", "file to write the documents to, with urls, for `lightship add`; when given, nothing is judged"
    )
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class ChaosSettings:
    """Settings of `lightship chaos`."""

    data: str = setting("", "data folder of the `lightship up --chaos` on this machine to inject faults into")
    project: str = setting("", "Compose project on this machine to inject faults into, like lightship-staging")
    seconds: float = setting(600.0, "seconds of fault injection", number(1, 604_800, float))
    seed: int = setting(0, "number that seeds the random faults; 0: a random seed, which is shown", number(0, 999_999))
    every: float = setting(5.0, "seconds between faults, on average", number(0.1, 3600, float))
    changes: float = setting(20.0, "changes per second", number(0.1, 10_000, float))
    queries: float = setting(20.0, "queries per second to each searchengine", number(0.1, 10_000, float))
    documents: int = setting(1000, "documents that the test creates and changes", number(10, 9000))
    report: str = setting("", "file for the report, as JSON; when empty, none is written")
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class CheckSettings:
    """Settings of `lightship check`; its arguments are folders."""


@dataclasses.dataclass(frozen=True)
class RemoveSettings:
    """Settings of `lightship remove`; its argument is the source."""

    data: str = setting("lightship-data/up/crawler", "data folder of the crawler, which must be stopped")
    log: str = setting(
        "sqlite://lightship-data/up/log.sqlite", "document log to delete the documents from, like the crawler's -log"
    )
    yes: bool = setting(False, "deletes without asking")
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class LogSettings:
    """Settings of `lightship log`; its arguments are `backup` or `restore`, and the file."""

    log: str = setting(
        "sqlite://lightship-data/up/log.sqlite", "document log to back up or restore, like the indexer's -log"
    )
    replace: bool = setting(
        False, "restores over a log that already holds documents; the old log is kept next to it under another name"
    )
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class PromoteSettings:
    """Settings of `lightship promote`; its argument is the layout."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",),
        "host:port of the searchengines, comma-separated; a name stands for all its addresses",
        addresses,
    )
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class RollbackSettings(PromoteSettings):
    """Settings of `lightship rollback`: those of `promote`."""


@dataclasses.dataclass(frozen=True)
class ProbeSettings:
    """Settings of `lightship probe`; its argument is the url, by default PROBE_URL."""

    seconds: float = setting(3.0, "seconds to wait for the answer", number(0.1, 60, float))
