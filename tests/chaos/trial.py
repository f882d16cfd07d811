"""A run on the cluster of hosts: what `run` does and the crawler's documents, the log compared too, and told who did it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from chaos.cluster import LOG, Cluster
from chaos.crawled import FileWriter
from chaos.faults import Fault
from chaos.history import history, keep
from chaos.logged import LogLooks
from chaos.model import Truth
from chaos.run import DOCUMENTS, SETTLE_SECONDS, Outcome, Run, period
from chaos.writing import url_of
from lightship.doclog import Log, open_log
from lightship.tasks import cancel

CRAWLED, CRAWLED_CHANGES = 300, 10.0  # documents; changes a second
TOLD = 10  # urls whose history is told at the end

_url = re.compile(r"https://site[^\s:,;]+")


class Trial:
    """Breaks `cluster` as `faults` says, and compares its replicas and its log with `truth`."""

    def __init__(
        self,
        cluster: Cluster,
        truth: Truth,
        faults: Sequence[Fault],
        seconds: float,
        folder: Path,
        settle: float = SETTLE_SECONDS,
    ) -> None:
        """Prepare; nothing is broken before `run`. When something differs, the servers' files are kept below `folder`."""
        self._cluster, self._truth, self._seconds, self._folder = cluster, truth, seconds, folder
        self._crawled = FileWriter(range(DOCUMENTS, DOCUMENTS + CRAWLED), truth, cluster)
        self._run = Run(cluster, truth, faults, seconds, settle, [self._write])

    async def _write(self, stop: asyncio.Event) -> None:
        await self._crawled.run(stop, CRAWLED_CHANGES)

    @property
    def run_itself(self) -> Run:
        """What is run on the cluster."""
        return self._run

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
        crawled = {url_of(number) for number in range(DOCUMENTS, DOCUMENTS + CRAWLED)}
        looking = asyncio.create_task(looks.run(period(self._seconds), crawled))
        try:
            outcome = await self._run.run()
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
