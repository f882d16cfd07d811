"""A run on the cluster of hosts: what `Run` does and the crawler's documents, the log compared too, and told who did it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from chaos.cluster import LOG, Cluster
from chaos.crawled import FileWriter
from chaos.history import history, keep
from chaos.logged import LogLooks
from lightship.chaos.load.corpus import Corpus
from lightship.chaos.load.truth import Truth
from lightship.chaos.outcome import Outcome
from lightship.chaos.run import Load, Run, period
from lightship.chaos.system.faults import Fault
from lightship.doclog import Log, open_log
from lightship.runtime.tasks import cancel

DOCUMENTS = 6000
LOAD = Load(changes=190.0, queries=50.0)
CRAWLED, CRAWLED_CHANGES = 300, 10.0  # documents; changes a second
SETTLE_SECONDS = 10.0  # from the healing to all acknowledged changes on all replicas
TOLD = 10  # urls whose history is told at the end

_url = re.compile(r"https://chaos-[^\s:,;]+")


class Trial:
    """Breaks `cluster` as `faults` says, and compares its replicas and its log with `truth`."""

    def __init__(
        self, cluster: Cluster, corpus: Corpus, truth: Truth, faults: Sequence[Fault],
        *, seconds: float, folder: Path, settle: float = SETTLE_SECONDS, load: Load = LOAD,
    ) -> None:  # fmt: skip
        """Prepare, in an event loop; nothing is broken before `run`. When something differs, the servers' files are kept below `folder`."""
        self._cluster, self._corpus, self._truth = cluster, corpus, truth
        self._seconds, self._folder = seconds, folder
        self._crawled = FileWriter(range(DOCUMENTS, DOCUMENTS + CRAWLED), corpus, truth, cluster)
        self.underlying = Run(
            cluster, corpus, truth, faults, load, seconds=seconds, settle=settle, others=[self._write]
        )

    async def _write(self, stop: asyncio.Event) -> None:
        await self._crawled.run(stop, CRAWLED_CHANGES)

    async def run(self) -> Outcome:
        """Run it all."""
        log = await asyncio.to_thread(open_log, self._cluster.log_url)
        looks = LogLooks(log, self._truth, lambda url, newest: history(url, self._cluster.stores, LOG, newest))
        try:
            return await self._observe(log, looks)
        finally:
            await asyncio.to_thread(log.close)
            looks.close()

    async def _observe(self, log: Log, looks: LogLooks) -> Outcome:
        crawled = {self._corpus.url(number) for number in range(DOCUMENTS, DOCUMENTS + CRAWLED)}
        looking = asyncio.create_task(looks.run(period(self._seconds), crawled))
        try:
            outcome = await self.underlying.run()
        finally:
            await cancel([looking])
        await looks.look_at_last()
        outcome.undone = list(looks.undone.values())
        outcome.lines += [
            f"{self._crawled.changes} changes crawled",
            f"{looks.looks} looks into the log; {looks.unread} times a partition did not answer in one",
        ]
        await self._tell_who(outcome, looks)
        return outcome

    async def _tell_who(self, outcome: Outcome, looks: LogLooks) -> None:
        """Tell the history of the urls that differ, and keep the servers' files."""
        urls = dict.fromkeys(_url.findall("\n".join([*outcome.different, *outcome.wrong])))
        if not urls and not looks.undone:
            return
        stores = keep(self._cluster.nats, self._folder)
        outcome.lines.append(f"the NATS servers' files are kept in {self._folder}")
        for url in [url for url in urls if url not in looks.undone][:TOLD]:
            outcome.lines.append(history(url, stores, LOG, await looks.newest(url)))
