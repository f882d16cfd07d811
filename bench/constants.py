"""What the simulation of `bench/simulation.py` is fed with: every measured number, once, with where it comes from.

Measured on two shared cores of 2.5 GHz with 96,316 web pages of 4.5 KB, unless it says otherwise. A faster machine makes all of
them better by about the same factor.
"""

from __future__ import annotations

from typing import NamedTuple


class Constants(NamedTuple):
    """Times in seconds, sizes in bytes, rates a second."""

    # size of the index / documents, `python -m bench start` and `fanout`
    bytes_per_document: float = 4_700.0
    # resident memory of an idle searchengine beside the page cache, from ps
    process_bytes: float = 60e6
    # `python -m bench index`: a .jsonl file to searchable, on two cores
    index_per_processor: float = 2_100.0
    # eight segments to one of 16,000 documents, processor time of IndexWriter.close
    merge_per_processor: float = 13_900.0
    # `fanout`, 144 MB to one replica: indexer and searchengine together are bound by the processor
    push_bytes: float = 375e6
    # `fanout`: a commit of 20 documents to one replica, until it is served; the indexer's part of its processor time
    push_small: float = 0.024
    push_small_processor: float = 0.0034
    # `fanout`: what a manifest costs a replica for each segment in it: 5 heartbeats of 140 segments in 86 ms
    install_per_segment: float = 0.000_12
    # commit of a small index, tantivy and the files' links: as measured before the build, at the median
    commit: float = 0.030
    # processor time of 1,000 real queries, top 10 with documents: 0.48 ms at 5,000, 0.52 at 20,000, 0.60 at 80,000 documents
    query_least: float = 0.000_47
    query_per_document: float = 1.6e-9
    # HTTP, JSON and snippets around it: 772 queries/s over HTTP where bare tantivy does 1,007 (docs/benchmarks.md)
    query_answer: float = 0.000_8
    # 1,000 queries over 14,000 documents: 0.37 ms in 1 segment, 0.62 ms in 7
    query_per_segment: float = 0.000_04
    # LOG.md: three JetStream servers with sync_interval always, 16 streams
    log_puts: float = 7_600.0
    log_bytes_written: float = 2.1  # by each server, for a byte put
    log_memory_per_document: float = 1_000.0  # of each server: a gigabyte for a million subjects
    # LOG.md: 200,000 documents of medium length in SQLite take 715 MB
    log_bytes_per_document: float = 3_575.0


MEASURED = Constants()

# The indexer's own rules: indexer/shard/shard.py, indexer/shard/tiers.py, indexer/publish/peer_fanout.py, and tantivy 0.27's LogMergePolicy
PACE = 0.1  # seconds between commits at least
MOVED = 500  # documents that the small index gathers before they become a segment of the large one
MERGED_AT_ONCE = 8
LEVEL_LEAST, LEVEL_LOG = 10_000, 0.75
UNMERGED = 10_000_000  # documents of a segment that is merged no more
FED_FROM = 4  # replicas
