"""Settings of `searchengine`."""

from __future__ import annotations

import dataclasses

from lightship.config.setting import (
    address,
    collections,
    number,
    public,
    rate,
    setting,
)
from lightship.config.shared import ANSWERS, CLOSED, COLLECTIONS, ORIGINS, RATE, REVOKED, TLS_CA, TLS_CERT, TLS_KEY
from lightship.core.origins import parse_origins

MAX_WORKERS = 64


@dataclasses.dataclass(frozen=True)
class SearchengineSettings:
    """Settings of `searchengine`."""

    addr: str = setting(":8080", "address to listen on, for people, programs and indexers", address)
    data: str = setting("", "data folder; when empty, lightship-data/searchengine-PORT")
    public: str = setting(
        "", "url of the search page behind a proxy, like https://search.example.org/; used when a browser adds it as a search engine",
        public,
    )  # fmt: skip
    collections: str = setting("", COLLECTIONS, collections)
    origins: tuple[str, ...] = setting((), ORIGINS, parse_origins)
    closed: bool = setting(False, CLOSED)
    revoked: str = setting("", REVOKED)
    rate: str = setting("", RATE, rate)
    workers: int = setting(
        0,
        "processes that answer queries; 0: one per available processor, if there are 128 MiB of memory for each",
        number(0, MAX_WORKERS),
    )
    drain: float = setting(
        2.0, "seconds after SIGTERM during which queries are still answered while /readyz returns 503",
        number(0, 3600, float),
    )  # fmt: skip
    position_wait: float = setting(
        5.0, "seconds that a search waits for its min_position before it gets 503", number(0, 60, float)
    )
    tls_cert: str = setting("", TLS_CERT)
    tls_key: str = setting("", TLS_KEY)
    tls_ca: str = setting("", TLS_CA)
    deadline: float = setting(
        2.0, "seconds from a query's arrival to its answer; a slower one gets 503", number(0.01, 60, float)
    )
    queue: int = setting(
        500,
        "queries in flight at once in each worker; more get 503; in addition, a quarter as many may wait for their min_position",
        number(1, 100_000),
    )
    answers: int = setting(8, ANSWERS, number(0, 100_000))
    connections: int = setting(
        1000,
        "connections at once of each worker; beyond that, an idle one is closed, or the new one gets 503",
        number(1, 100_000),
    )
    per_address: int = setting(
        0,
        "connections at once of each worker from one address, or one IPv6 /64 network; 0: half of -connections",
        number(0, 100_000),
    )
    watchers: int = setting(
        1000, "clients of each worker that may watch a search at once; more get 503; 0: none may", number(0, 100_000)
    )
    guard: float = setting(
        0.9,
        "share of the served documents that a new layout must have before it is served automatically; 0: any",
        number(0, 1, float),
    )
    keep_former: float = setting(
        3600.0, "seconds to keep the former layout for a rollback; 0: not kept", number(0, 31_536_000, float)
    )
    scrub: float = setting(
        8.0,
        "MB per second at which installed files are re-read and checked against their digests; 0: only when a search fails",
        number(0, 10_000, float),
    )
