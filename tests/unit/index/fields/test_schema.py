"""Schema versions: an index is read with its own version, whichever version is written."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.core.errors import IncompatibleIndexError, InvalidInputError
from lightship.core.manifest import Layout
from lightship.index.fields.schema import WEIGHTS, check_version
from lightship.index.query import fields
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store.state import State, write_state
from lightship.searchengine.store.store import Store
from made import MadeShard, page, push, replica_of, urls


@pytest.fixture
def two_versions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add a version 3 in which the fields after the title have other numbers."""
    monkeypatch.setitem(WEIGHTS, 3, {"title": 0.5, "edition": 1.0, "text": 1.0})
    yield
    fields.field_queries.cache_clear()


@pytest.mark.usefixtures("two_versions")
def test_an_index_of_a_former_version_is_found_in_by_its_own_schema(tmp_path: Path) -> None:
    replica = replica_of(tmp_path, [page(1, "a lighthouse", title="Lamps"), page(2, "灯塔")])
    for query, number in (("lighthouse", 1), ('"a lighthouse"', 1), ("lamps", 1), ("灯塔", 2)):
        assert urls(replica, query) == [page(number).url]
    assert replica.view.version == 2


@pytest.mark.usefixtures("two_versions")
def test_an_index_is_composed_of_its_own_schema(tmp_path: Path) -> None:
    """With an empty shard of each version, each folder's meta.json names the fields of its version."""
    store = Store(str(tmp_path / "store"))
    push(store, MadeShard(tmp_path / "one").put(page(1)))
    store.install(MadeShard(tmp_path / "two", shards=1, order=2).manifest(layout=Layout(1, 3)), 0)
    names = {version: (Path(store.layout_folder(f"s1v{version}")) / "meta.json").read_text() for version in (2, 3)}
    assert ("edition" in names[2], "edition" in names[3]) == (False, True)


def test_a_version_that_is_not_read_here_is_refused() -> None:
    check_version(1)
    with pytest.raises(InvalidInputError, match="unsupported schema 3: this searchengine reads 1, 2"):
        check_version(3)


def test_older_software_on_the_data_of_newer_one_says_so(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    push(store, MadeShard(tmp_path / "one").put(page(1)))
    write_state(str(tmp_path / "store"), State(served="s1v2", former="s1v3", former_until=4e9))
    with pytest.raises(InvalidInputError, match="schema 3"):
        store.layouts.roll_back()
    assert store.current() == "s1v2"

    os.rename(store.layout_folder("s1v2"), store.layout_folder("s1v3"))
    path = Path(store.layout_folder("s1v3")) / "meta.json"
    body = path.read_text().rpartition(', "digest"')[0]  # earlier versions did not write a digest
    path.write_text(body.replace('\\"schema\\":2', '\\"schema\\":3') + "}")
    write_state(str(tmp_path / "store"), State(served="s1v3"))
    with pytest.raises(IncompatibleIndexError, match="schema 3"):
        Replica(store)
