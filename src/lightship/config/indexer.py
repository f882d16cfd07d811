"""Settings of `indexer`."""

from __future__ import annotations

import dataclasses

from lightship.config.setting import (
    addresses,
    declaration,
    number,
    optional_address,
    setting,
)
from lightship.config.shared import FIELDS, TLS_CA, TLS_CERT, TLS_KEY
from lightship.core.model import PARTITIONS


@dataclasses.dataclass(frozen=True)
class IndexerSettings:
    """Settings of `indexer`."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",),
        "host:port of the searchengines, comma-separated; a name stands for all its addresses",
        addresses,
    )
    log: str = setting(
        "",
        "document log to index, like sqlite:///data/log.sqlite or nats://host:4222/name; when empty, a demo source (a clock)",
    )
    data: str = setting(
        "", "data folder; when empty, lightship-data/indexer-SHARD, or a temporary folder for the demo source"
    )
    listen: str = setting("", "address of the intake for documents, like :9090; when empty, none", optional_address)
    shard: int = setting(0, "number of this shard, from 0", number(0, PARTITIONS - 1))
    shards: int = setting(1, "number of shards of the layout", number(1, PARTITIONS))
    fields: str = setting("", FIELDS, declaration)
    lease: float = setting(
        5.0, "seconds of silence after which a standby takes over from the leader", number(0.5, 3600, float)
    )
    heap: int = setting(
        0,
        "memory for new documents before a segment is written, in MiB; 0: 256, or an eighth of the memory if that is less",
        number(0, 8192),
    )
    threads: int = setting(0, "threads that build segments; 0: one per available processor, 4 at most", number(0, 64))
    tls_cert: str = setting("", TLS_CERT)
    tls_key: str = setting("", TLS_KEY)
    tls_ca: str = setting("", TLS_CA)
