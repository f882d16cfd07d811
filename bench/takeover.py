"""Take-over: the leader of a shard is ended by kill -9, again and again; how long until the next change is everywhere?"""

from __future__ import annotations

import http.client
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import msgspec

from bench.cluster import Cluster
from bench.documents import Corpus
from bench.progress import bar, wait_until
from bench.report import Figure, Report, percentile
from bench.settings import BenchSettings
from lightship.cli.local.supervisor import Part
from lightship.config import IndexerSettings
from lightship.core.model import Change, Document
from lightship.doclog import open_log
from lightship.searchengine.search.api import Answer

REPLICAS = 2
PATIENCE = 120.0
MOST = 20_000  # documents: what a take-over costs hardly depends on them
LEADS, IS_WARM = "leading shard", "ready to take over"

_decode = msgspec.json.Decoder(Answer).decode


def run(settings: BenchSettings, corpus: Corpus, folder: Path) -> Report:
    """Measure on a cluster of its own: one shard, a leader and a standby with the default lease."""
    documents = corpus.documents[:MOST]
    cluster = Cluster(folder, replicas=REPLICAS, threads=settings.threads)
    indexers = [cluster.parts[-1], cluster.add_indexer("standby")]
    with cluster.running():
        cluster.load(documents)
        seconds, replayed = [], []
        for number in bar(range(settings.kills), "take-overs", settings.kills):
            wait_until(lambda: {*map(_role, indexers)} == {LEADS, IS_WARM}, PATIENCE, "a leader, and a warm copy")
            leader, standby = sorted(indexers, key=lambda indexer: _role(indexer) != LEADS)
            seconds.append(_take_over(cluster, leader, f"takeover{number}x{number * 7919 % 10007}"))
            replayed.append(int(Path(standby.log_path).read_text().rpartition("log; replayed ")[2].split()[0]))
            leader.start()
    lease = IndexerSettings().lease
    figures = [
        Figure("kill -9 to next change on all replicas, p50", percentile(seconds, 0.5), "s"),
        Figure("kill -9 to next change on all replicas, worst", max(seconds), "s"),
        Figure("worst / lease", max(seconds) / lease, ""),
        Figure("changes replayed, most", max(replayed), ""),
    ]
    note = (
        f"{len(seconds)} kills, {len(documents)} documents of {corpus.source}, {REPLICAS} replicas, lease {lease:g} s"
    )
    return Report("takeover", figures, [note])


def _role(indexer: Part) -> str:
    """Return what the indexer said last of its role and its copy."""
    return max((LEADS, "standing by", IS_WARM), key=Path(indexer.log_path).read_text().rfind)


def _take_over(cluster: Cluster, leader: Part, token: str) -> float:
    """Kill the leader, put a change, and return the seconds until every replica finds it."""
    assert leader.process is not None
    started = time.perf_counter()
    leader.process.kill()
    leader.process.wait()
    put(cluster, token)
    return wait_until(lambda: everywhere(cluster, token), PATIENCE, f"{token} on all replicas") - started


def put(cluster: Cluster, token: str) -> None:
    """Put a document of one word into the log."""
    log = open_log(cluster.log_url)
    log.put([Change.put(Document(url=f"https://new.example/{token}", text=token))])
    log.close()


def everywhere(cluster: Cluster, token: str) -> bool:
    """Tell whether every replica finds the document of that word."""
    for address in cluster.addresses:
        with closing(http.client.HTTPConnection(address, timeout=30)) as connection:
            connection.request("GET", f"/?q={quote(token)}&format=json")
            response = connection.getresponse()
            if response.status != 200 or not _decode(response.read()).hits:
                return False
    return True
