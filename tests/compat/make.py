"""Writes the data folders of this version, for later versions to open: `python -m compat.make` in `tests/`, once for each release.

They are those of a small `lightship up`: searchengine, two indexers, log and crawler.
"""

from __future__ import annotations

import tarfile
import tempfile
from pathlib import Path

from cluster.client import free_ports, status
from lightship import __version__
from made import Caller
from support import Program, wait_until

HERE = Path(__file__).parent
PAGES = {
    "a.md": "# Lighthouses\n\nA lamp for ships.\n",
    "b.html": '<html lang="zh"><title>搜索引擎</title><p>分布式搜索引擎把索引推送到每个副本。</p></html>',
    "c.txt": "Harbours and ships.\n",
}
RECORDS = """\
{"url": "https://example.org/1", "title": "A record", "text": "Ships of the line.", "fields": {"price": 12.5}, "modified": "2026-01-02T03:04:05Z"}
{"url": "https://example.org/2", "text": "Soon deleted."}
{"url": "https://example.org/3", "text": "Ein Leuchtturm am Meer.", "language": "de"}
"""
LEFT_OUT = ("logs", "up.lock")


def make(folder: Path, archive: Path) -> None:
    """Run everything in `folder` until it is searchable, and pack the data."""
    (folder / "pages").mkdir()
    for name, text in PAGES.items():
        (folder / "pages" / name).write_text(text)
    (folder / "records.jsonl").write_text(RECORDS)
    port = free_ports(4)
    command = ("up", f"-port={port}", f"-intake={port + 2}", "-shards=2", "-data=data", "pages", "records.jsonl")
    up = Program("lightship", *command, folder=folder, log=folder / "up.log")
    try:
        wait_until(lambda: status(port)["documents"] == 6, 60, "all documents")
        assert Caller(port + 2).call("DELETE", "/documents?url=https://example.org/2").status == 200
        wait_until(lambda: status(port)["documents"] == 5, 60, "the deletion")
    finally:
        up.stop(30)
    with tarfile.open(archive, "w:gz") as tar:
        for path in sorted((folder / "data").iterdir()):
            if path.name not in LEFT_OUT:
                tar.add(path, path.name)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        make(Path(folder), HERE / f"{__version__}.tar.gz")
