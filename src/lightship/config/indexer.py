"""Settings of `indexer`."""

from __future__ import annotations

import dataclasses

from lightship.config.setting import (
    addresses,
    number,
    optional_address,
    setting,
)
from lightship.config.shared import TLS_CA, TLS_CERT, TLS_KEY
from lightship.core.model import PARTITIONS


@dataclasses.dataclass(frozen=True)
class IndexerSettings:
    """Settings of `indexer`."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, with commas; all addresses of each name", addresses
    )
    log: str = setting(
        "", "document log to index, like sqlite:///data/log.sqlite or nats://host:4222/name; when empty, a clock"
    )
    data: str = setting("", "data folder; when empty, lightship-data/indexer-SHARD, or a temporary one for a clock")
    listen: str = setting("", "address on which documents are taken in, like :9090; when empty, none", optional_address)
    shard: int = setting(0, "number of this shard, from 0", number(0, PARTITIONS - 1))
    shards: int = setting(1, "number of shards of the layout", number(1, PARTITIONS))
    lease: float = setting(
        5.0, "seconds after which a standby takes over from an indexer that is silent", number(0.5, 3600, float)
    )
    heap: int = setting(
        0,
        "memory that new documents may fill before a segment is written, in MiB; 0: 256, or an eighth of the "
        "memory that there is, if that is less",
        number(0, 8192),
    )
    threads: int = setting(
        0, "threads that build segments; 0: one for each processor that may be used, 4 at most", number(0, 64)
    )
    tls_cert: str = setting("", TLS_CERT)
    tls_key: str = setting("", TLS_KEY)
    tls_ca: str = setting("", TLS_CA)
