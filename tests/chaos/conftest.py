"""The cluster that the chaos tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chaos.cluster import Cluster, nats_server, running
from chaos.network import can_make_hosts
from support import require


@pytest.fixture(scope="module")  # it has gone, with its secret in the environment, before any other test runs
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Run 3 NATS servers, 3 shards with a standby each, 3 replicas and a crawler, each on a host of its own."""
    require("root and iproute2 (network namespaces)", can_make_hosts())
    require("nats-server", nats_server())
    with running(tmp_path_factory.mktemp("chaos")) as made:
        yield made
