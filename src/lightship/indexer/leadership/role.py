"""The role of an indexer: standby until it acquires its shard's lease, leader while it holds it, then standby again."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lightship.core.errors import DamagedError, ReplacedError, UnavailableError
from lightship.core.manifest import Layout
from lightship.doclog import Lease, Log
from lightship.indexer.leadership import lease
from lightship.indexer.publish import metrics
from lightship.indexer.publish.pusher import Pusher
from lightship.indexer.recovery.recovery import forget
from lightship.indexer.recovery.standby import StandbyCopy, follow, read_manifest
from lightship.indexer.shard.shard import Shard, published_folder
from lightship.intake.messages import ShardStatus
from lightship.runtime.space import retry_when_full, waiting
from lightship.runtime.tasks import keep_in_thread

logger = logging.getLogger("indexer")

AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Role:
    """One indexer of `shard`, with its data in `folder` and leases of `lease_seconds`."""

    log: Log
    folder: str
    layout: Layout
    shard: int
    searchengines: Sequence[str]
    token: str
    lease_seconds: float
    heap_bytes: int
    threads: int

    def run(self, stop: threading.Event) -> None:
        """Stand by and lead until `stop` is set.

        With a full disk it releases the lease to a standby with free space, and acquires it again once it has space
        itself. Uncommitted changes are then read from the log again.
        """
        retry_when_full(lambda: self._take_turns(stop), self.folder, stop)

    def _take_turns(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                held = self._stand_by(stop)
                if held is None:
                    return
                self._lead(held, stop)
            except DamagedError as error:
                logger.error("%s; restoring shard %d from a searchengine, or from the log", error, self.shard)  # noqa: TRY400
                forget(os.path.join(self.folder, self.layout.name))
            except ReplacedError:  # of the log: a restart opens the new one
                raise
            except UnavailableError as error:
                logger.warning("can't lead shard %d: %s", self.shard, error)
                stop.wait(AGAIN_SECONDS)
            finally:
                metrics.LEASE.set(0)

    def status(self) -> ShardStatus:
        """Return the state of its shard. Callable from any thread."""
        folder, leads, waits = os.path.join(self.folder, self.layout.name), metrics.leads(), waiting()
        manifest = read_manifest(os.path.join(folder, "manifest.json")) if leads else self._standby().manifest
        return ShardStatus(
            layout=self.layout.name, shard=self.shard, leads=leads, lag_seconds=round(metrics.lag(), 3) if leads or waits else None,
            epoch=manifest.epoch if manifest else 0, generation=manifest.generation if manifest else 0,
            documents=manifest.documents if manifest else 0, waits=f"indexing {waits}" if waits else "",
        )  # fmt: skip

    def _standby(self) -> StandbyCopy:
        folder = os.path.join(self.folder, self.layout.name)
        return StandbyCopy(folder, self.layout, self.shard, self.searchengines, self.token)

    def _stand_by(self, stop: threading.Event) -> Lease | None:
        """Keep a warm copy until the lease is free, and return it; None if `stop` was set first."""
        name, taken = f"{self.layout.name}/{self.shard}", threading.Event()
        with contextlib.ExitStack() as stack:

            def waiting() -> None:
                logger.info("another indexer leads shard %d of %s; standing by", self.shard, self.layout.name)
                thread = keep_in_thread("warm", lambda: follow(self._standby(), taken), taken)
                stack.callback(thread.join)
                stack.callback(taken.set)

            owner = lease.owner_of(self.folder)
            return lease.acquire(self.log, name, owner, self.lease_seconds, stop=stop, waiting=waiting)

    def _lead(self, held: Lease, stop: threading.Event) -> None:
        """Index and push until `stop` is set or the lease is lost."""
        started, ended = time.monotonic(), threading.Event()
        logger.info(
            "leading shard %d of %s, epoch %d, pushing to %s",
            self.shard, self.layout.name, held.epoch, ", ".join(self.searchengines),
        )  # fmt: skip
        published = published_folder(self.folder, self.layout)
        with contextlib.ExitStack() as index, contextlib.ExitStack() as lead:
            # Closed in reverse order: push what is indexed, release the lease to a standby, then wait for merges
            keeper = lease.LeaseKeeper(self.log, held, self.lease_seconds, stop, ended)
            lead.callback(self._after, keeper)
            pusher = Pusher(self.searchengines, published, self.token, superseded=lambda _: keeper.doubt())
            lead.callback(pusher.close)
            shard = Shard(
                self.log, self.folder, layout=self.layout, order=self.log.order(f"layout/{self.layout.name}"),
                shard=self.shard, epoch=held.epoch,
                heap_bytes=self.heap_bytes, threads=self.threads, publish=pusher.offer, has_come=pusher.has_come, standby=self._standby(), stop=ended,
            )  # fmt: skip
            index.callback(shard.close)
            metrics.LEASE.set(1)
            shard.run(ended)
        outcome = "lost the lease, standing by" if keeper.lost else "stopped"
        logger.info("%s; %d changes indexed in %.0f s", outcome, shard.applied, time.monotonic() - started)

    def _after(self, keeper: lease.LeaseKeeper) -> None:
        keeper.release()
        if keeper.lost:
            lease.forget_owner(self.folder)
