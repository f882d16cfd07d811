"""Which layout is served: flips, the guard, promotion, rollback, and which layouts are kept or refused."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import tantivy

from lightship.core.errors import IncompatibleIndexError, InvalidInputError, NotFoundError, RetiredError
from lightship.core.manifest import LayoutName
from lightship.core.model import Document
from lightship.index.fields.schema import column
from lightship.index.storage.segments import composed
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.store import layouts
from lightship.searchengine.store.layouts import Rules
from lightship.searchengine.store.state import State, read_state, write_state
from lightship.searchengine.store.store import Store
from made import MadeShard, page, push, served, urls
from support import wait_until

Make = Callable[..., list[MadeShard]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return the makers of the shards of a layout with the pages 0 to `pages` - 1."""

    def make(shards: int, order: int, pages: int) -> list[MadeShard]:
        parts = [MadeShard(tmp_path / f"{shards}-{order}-{n}", n, shards, order, order) for n in range(shards)]
        for number in range(pages):
            parts[number % shards].put(page(number))
        return [part.put() for part in parts]

    return make


def kept(store: Store) -> set[str]:
    return set(os.listdir(os.path.dirname(store.layout_folder("s1v2"))))


def count(store: Store) -> int:
    return len(urls(Replica(store), "page", size=100))


def test_a_new_layout_takes_the_place_of_the_old_when_it_is_whole(store: Store, make: Make) -> None:
    old, abandoned, new = make(1, 1, 4), make(5, 2, 4), make(2, 3, 4)
    push(store, *old, *abandoned[:1], new[0])
    assert (store.current(), count(store)) == ("s1v2", 4)
    push(store, old[0].put(page(7)))
    assert count(store) == 5
    push(store, new[1].put(page(8)))
    assert (store.current(), count(store), kept(store)) == ("s2v2", 5, {"s1v2", "s2v2"})
    with pytest.raises(RetiredError, match="s5v2 is retired: s2v2 is newer"):
        push(store, abandoned[1])


def test_the_former_layout_is_received_while_it_is_kept(
    store: Store, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = make(1, 1, 2), make(2, 2, 2)
    push(store, *old, *new)
    push(store, old[0].put(page(9)))
    assert (store.current(), kept(store)) == ("s2v2", {"s1v2", "s2v2"})
    until = store.layouts.state().former_until
    monkeypatch.setattr("time.time", lambda: until + 1)
    push(store, new[0])
    assert kept(store) == {"s2v2"}
    with pytest.raises(RetiredError, match="lightship promote s1v2"):
        push(store, *old)
    with pytest.raises(NotFoundError, match="no former layout"):
        store.layouts.roll_back()


def test_a_part_that_the_served_layout_overtook_is_dropped(tmp_path: Path, make: Make) -> None:
    store = Store(str(tmp_path / "store"), Rules(keep_former=0))
    old, newer = make(1, 1, 4), make(2, 2, 4)
    push(store, *old, newer[0])
    store.layouts.expire()
    assert kept(store) == {"s1v2", "s2v2"}
    old[0].order = 3  # somebody went back to one shard
    push(store, old[0].put(page(7)))
    with pytest.raises(RetiredError, match="s2v2 is retired: s1v2 is newer"):
        push(store, newer[1])
    store.layouts.expire()
    assert (kept(store), count(store)) == ({"s1v2"}, 5)


def test_the_former_layout_expires_also_when_no_manifest_comes(tmp_path: Path, make: Make) -> None:
    store = Store(str(tmp_path / "store"), Rules(keep_former=1.5))
    push(store, *make(1, 1, 2), *make(2, 2, 2))
    with served(tmp_path / "store") as caller:
        assert caller.get("/status").json["former"] == "s1v2"
        wait_until(lambda: caller.get("/status").json["former"] is None, 30, "the former layout is given up")
        wait_until(lambda: kept(store) == {"s2v2"}, 30, "it is removed")
        assert len(caller.found("page")) == 2


def test_what_is_collected_is_not_read_again_as_long_as_it_is_the_same(
    store: Store, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`/status` reports it from the event loop, and a manifest may have megabytes."""
    push(store, *make(1, 1, 4))
    first, _ = make(2, 2, 4)
    push(store, first)
    candidates = store.layouts.candidates()
    with monkeypatch.context() as patch:
        patch.setattr("lightship.searchengine.store.data_folder.composed", lambda _: pytest.fail("read again"))
        assert store.layouts.candidates() == candidates
    push(store, first.put(page(8), page(9), page(10)))
    assert [candidate.documents for candidate in store.layouts.candidates()] == [5]


def test_without_a_time_to_keep_it_the_former_layout_is_dropped_at_once(tmp_path: Path, make: Make) -> None:
    store = Store(str(tmp_path / "store"), Rules(keep_former=0))
    push(store, *make(1, 1, 2), *make(2, 2, 2))
    assert (store.current(), kept(store)) == ("s2v2", {"s2v2"})


def test_an_old_indexer_that_is_started_again_does_not_fence_the_new_layout(store: Store, make: Make) -> None:
    """Its epoch is newer than all of the new layout's; when epochs decided, the new layout could not be completed."""
    old, new = make(1, 1, 2), make(2, 2, 2)
    push(store, *old, new[0])
    old[0].epoch = 99
    push(store, old[0].put(page(1)), new[1])
    assert (store.current(), count(store)) == ("s2v2", 2)
    push(store, old[0])
    assert store.current() == "s2v2"


def test_the_guard_holds_back_a_half_empty_layout_until_it_is_promoted(
    store: Store, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    push(store, *make(1, 1, 10))
    half = make(2, 2, 8)
    for _ in range(3):
        push(store, *half)
    assert store.current() == "s1v2"
    [candidate] = store.layouts.candidates()
    assert (candidate.layout, candidate.order, candidate.present, candidate.shards, candidate.documents) == (
        "s2v2", 2, 2, 2, 8,
    )  # fmt: skip
    assert "8 documents, but s1v2 has 10" in candidate.held
    assert caplog.text.count("held back") == 1
    assert store.layouts.promote(LayoutName.of("s2v2")).served == "s2v2"
    assert (count(store), store.layouts.candidates()) == (8, [])


@pytest.mark.parametrize(("guard", "pages", "flips"), [(0.9, 9, True), (0.9, 8, False), (0.5, 5, True), (0.0, 0, True)])
def test_the_share_of_the_documents_is_a_setting(
    tmp_path: Path, make: Make, guard: float, pages: int, flips: bool
) -> None:
    store = Store(str(tmp_path / "store"), Rules(guard=guard))
    push(store, *make(1, 1, 10), *make(2, 2, pages))
    assert (store.current() == "s2v2") == flips


def test_a_layout_that_fills_up_flips_by_itself(store: Store, make: Make) -> None:
    half = make(2, 2, 8)
    push(store, *make(1, 1, 10), *half, half[0].put(page(8)))
    assert store.current() == "s2v2"


def test_a_rollback_lasts(store: Store, make: Make) -> None:
    old, new = make(1, 1, 2), make(2, 2, 2)
    push(store, *old, *new)
    state = store.layouts.roll_back()
    assert (state.served, state.former) == ("s1v2", "s2v2")
    push(store, *new, *old, new[1].put(page(9)))
    assert (store.current(), count(store), store.layouts.candidates()) == ("s1v2", 2, [])
    assert store.layouts.roll_back().served == "s2v2"  # and back again
    assert count(store) == 3


def test_there_is_no_way_back_to_a_layout_that_only_a_later_version_reads(store: Store, make: Make) -> None:
    push(store, *make(1, 1, 2))
    write_state(store.folder, msgspec.structs.replace(store.layouts.state(), former="s1v99", former_until=1e12))
    with pytest.raises(InvalidInputError):
        store.layouts.roll_back()
    assert (store.current(), count(store)) == ("s1v2", 2)


def test_what_is_promoted_before_it_is_whole_flips_when_it_is(tmp_path: Path, make: Make) -> None:
    store = Store(str(tmp_path / "store"), Rules(keep_former=0))
    old, new = make(1, 1, 4), make(2, 2, 4)
    push(store, *old, *new)
    with pytest.raises(RetiredError):
        push(store, *old)
    state = store.layouts.promote(LayoutName.of("s1v2"))
    assert (state.served, state.wanted) == ("s2v2", "s1v2")
    assert [candidate.held for candidate in store.layouts.candidates()] == []
    Store(str(tmp_path / "store")).clean_up()
    push(store, *old)
    assert (store.current(), store.layouts.state().wanted) == ("s1v2", None)
    with pytest.raises(RetiredError):
        push(store, *new)


def test_to_another_number_of_shards_and_back(store: Store, make: Make) -> None:
    """The layout that returns has a new order; it flips once all of its shards have it."""
    two, three = make(2, 1, 6), make(3, 2, 6)
    push(store, *two, *three)
    assert store.current() == "s3v2"
    for part in two:
        assert store.current() == "s3v2"
        part.order, part.epoch = 3, 9
        push(store, part)
    assert (store.current(), count(store)) == ("s2v2", 6)


def test_a_data_folder_of_the_former_format_is_taken_over(store: Store, make: Make, tmp_path: Path) -> None:
    push(store, *make(1, 1, 3))
    folder = tmp_path / "store"
    (folder / "state.json").unlink()
    (folder / "current").write_text("s1v2")
    (folder / "format").write_text("1")
    assert (Store(str(folder)).current(), count(Store(str(folder)))) == ("s1v2", 3)
    assert (folder / "format").read_text() == "2"


def test_a_state_of_another_version_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "store" / "state.json").write_text('{"served": "s1v2", "colour": "red"}')
    with pytest.raises(IncompatibleIndexError, match="colour"):
        store.current()


def test_a_state_with_any_bit_changed_is_not_believed(store: Store, make: Make, tmp_path: Path) -> None:
    push(store, *make(1, 1, 3))
    three = make(3, 2, 3)  # whose name differs from the other's in one bit
    push(store, *three)
    path = tmp_path / "store" / "state.json"
    good = path.read_bytes()
    assert store.current() == "s3v2"
    for place in range(len(good)):
        for bit in range(8):
            damaged = bytearray(good)
            damaged[place] ^= 1 << bit
            path.write_bytes(damaged)
            assert read_state(str(path.parent)) == State(), (place, bit)
    push(store, *three)  # as the indexers do each second
    assert (store.current(), count(store)) == ("s3v2", 3)


def test_folders_that_are_no_layouts_are_left_alone(store: Store, make: Make, tmp_path: Path) -> None:
    os.mkdir(store.layout_folder("lost+found"))
    push(store, *make(1, 1, 1), *make(2, 2, 1))
    store.clean_up()
    assert store.layouts.candidates() == []
    assert "lost+found" in kept(store)


def test_what_another_version_wrote_is_left_alone_and_stops_nothing(
    store: Store, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """For example after a downgrade, or from an unpacked backup."""
    push(store, *make(1, 1, 1))
    foreign, folder = Path(store.layout_folder("s3v9")), Path(store.layout_folder("s1v2"))
    foreign.mkdir()
    (foreign / "meta.json").write_text('{"segments": [], "payload": "{}"}')
    for name in ("fresh-", "fresh-0.bak", "fresh-x", "offered-x", "lost+found"):
        (folder / name).touch()
    for again in (store, Store(store.folder)):
        again.clean_up()
        push(again, *make(1, 1, 2))
        again.make_durable()
        assert (folder / "durable.json").read_bytes() == (folder / "meta.json").read_bytes()
        assert (again.layouts.candidates(), list(again.freshness("s1v2"))) == ([], [0])
        assert (foreign / "meta.json").exists()
    told = [record.getMessage() for record in caplog.records if "ignoring layout" in record.getMessage()]
    assert len(told) == 2  # once each


def test_a_layout_is_durable_before_it_is_served(store: Store, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first shard of a layout is durable at once; after a power loss, state.json must not name half of one."""
    new = make(2, 1, 4)
    push(store, new[0])
    folder = Path(store.layout_folder("s2v2"))

    def check(data: str, state: State) -> None:
        assert state.served == "s2v2"
        assert (folder / "durable.json").read_bytes() == (folder / "meta.json").read_bytes()
        write_state(data, state)

    monkeypatch.setattr(layouts, "write_state", check)
    push(store, new[1])
    assert store.current() == "s2v2"


def test_other_fields_are_another_layout_and_flipped_to(store: Store, tmp_path: Path) -> None:
    documents = [Document(url=page(number).url, title="shoe", fields={"price": number}) for number in range(3)]
    old, new = MadeShard(tmp_path / "old"), MadeShard(tmp_path / "new", order=2, fields="price:number")
    push(store, old.put(*documents))
    assert store.current() == "s1v2"
    push(store, new.put(*documents))
    assert store.current() == new.layout.name
    (manifest,) = composed(store.layout_folder(new.layout.name))
    assert manifest.layout.fields == "price:number"
    prices = Replica(store).view.searcher.aggregate(
        tantivy.Query.all_query(), {"a": {"max": {"field": column("price")}}}
    )
    assert prices["a"]["value"] == 2.0
