"""A process that uses a log and prints what was acknowledged, one line a time: started, and killed, by test_doclog."""

from __future__ import annotations

import sys
import time

from lightship.core.model import Change, Document
from lightship.doclog import Log, open_log


def is_delete(value: int) -> bool:
    """Return whether the change of `value` is a delete: every seventh is."""
    return value % 7 == 6


def change(key: str, value: int) -> Change:
    """Return the change of the document `key` that the tests know how to check; a put has `value` as its title."""
    url = f"https://example.org/{key}"
    if is_delete(value):
        return Change.delete(url)
    return Change.put(Document(url=url, title=str(value), text="lorem ipsum " * (value % 300)))


def write(log: Log, name: str, keys: int, count: int, batch: int) -> None:
    """Put `count` batches of changes of `keys` keys, printing `key value sequence` when they are acknowledged."""
    value = 0
    for _ in range(count):
        values = range(value, value + batch)
        given = [(f"{name}{number % keys}", number) for number in values]
        positions = log.put([change(key, number) for key, number in given])
        for (key, number), position in zip(given, positions, strict=True):
            print(key, number, position.sequence)
        sys.stdout.flush()
        value += batch


def main() -> None:
    """Run `doclog_child URL write NAME KEYS COUNT BATCH`, or `doclog_child URL once` (put at each line of input)."""
    log = open_log(sys.argv[1])
    if sys.argv[2] == "write":
        write(log, sys.argv[3], *map(int, sys.argv[4:7]))
        return
    print("ready", flush=True)
    for line in sys.stdin:
        log.put([change(line.strip(), 0)])
        print(time.time(), flush=True)


if __name__ == "__main__":
    main()
