"""Prunes deletes: raises the floor first, then removes messages by sequence, so that a newer put is safe."""

from __future__ import annotations

import asyncio

from nats.errors import Error
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig

from lightship.core.errors import words
from lightship.doclog.jetstream.client.connection import ANSWER_SECONDS, Connection
from lightship.doclog.jetstream.client.errors import NO_MESSAGE, ApiError, RetryError
from lightship.doclog.jetstream.client.kv import Done, KeyValue
from lightship.doclog.jetstream.reader import Reader
from lightship.doclog.jetstream.streams import DELETE, stream_of

PAGE = 1000  # messages, headers only
REMOVALS = 100  # concurrent


async def prune(connection: Connection, kv: KeyValue, reader: Reader, partition: int, upto: int) -> int:
    """Prune the deletes of `partition` up to `upto`, except its newest message; return how many."""
    newest = await reader.head(partition)
    floor = max(0, min(upto, newest))
    await _raise_floor(kv, f"floor/{partition}", floor)
    stream = stream_of(connection.address.name, partition)
    dead = await connection.with_retries(lambda: _deletes(connection, stream, min(floor, newest - 1)))
    removed = 0
    for start in range(0, len(dead), REMOVALS):
        removals = (_remove(connection, stream, sequence) for sequence in dead[start : start + REMOVALS])
        removed += sum(await asyncio.gather(*removals))
    return removed


async def _raise_floor(kv: KeyValue, key: str, floor: int) -> None:
    while True:
        row = await kv.get(key)
        if int(row.data or b"0") >= floor or await kv.swap(key, b"%d" % floor, row.revision):
            return


async def _deletes(connection: Connection, stream: str, upto: int) -> list[int]:
    """Return the sequences of deletes up to `upto`, with a headers-only consumer."""
    if upto < 1:
        return []
    settings = ConsumerConfig(
        ack_policy=AckPolicy.NONE, headers_only=True, inactive_threshold=60, mem_storage=True, num_replicas=1
    )
    try:
        jetstream = connection.jetstream()
        consumer = await jetstream.add_consumer(stream, settings)
        subscription = await jetstream.pull_subscribe_bind(consumer=consumer.name, stream=stream)
        found = await _read_heads(subscription, consumer.num_pending or 0, upto)
        await subscription.unsubscribe()
        await jetstream.delete_consumer(stream, consumer.name)
    except (Error, TimeoutError) as error:
        raise RetryError(words(error)) from error
    return found


async def _read_heads(subscription: JetStreamContext.PullSubscription, pending: int, upto: int) -> list[int]:
    found: list[int] = []
    last = 0
    while pending and last < upto:
        for message in await subscription.fetch(min(PAGE, pending), timeout=ANSWER_SECONDS):
            last, pending = message.metadata.sequence.stream, message.metadata.num_pending
            if last <= upto and DELETE.keys() <= (message.headers or {}).keys():
                found.append(last)
    return found


async def _remove(connection: Connection, stream: str, sequence: int) -> bool:
    async def attempt() -> bool:
        try:
            await connection.api(f"STREAM.MSG.DELETE.{stream}", {"seq": sequence, "no_erase": True}, Done)
        except ApiError as error:
            if error.code in NO_MESSAGE:
                return False
            raise RetryError(str(error)) from error
        return True

    return await connection.with_retries(attempt)
