"""Damaged files of a replica are found within one pass, left out, and replaced by the next push."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.core.errors import DamagedError
from lightship.core.manifest import Manifest
from lightship.rpc.messages import Missing
from lightship.searchengine.search.api import SearchRequest
from lightship.searchengine.search.replica import Replica
from lightship.searchengine.search.search import search
from lightship.searchengine.store.layouts import Rules
from lightship.searchengine.store.scrub import Scrubber, passed_at
from lightship.searchengine.store.store import Store
from made import MadeShard, made_documents, page, send, words

KINDS = ("store", "term", "idx", "pos", "fieldnorm", "fast", "del")


@pytest.fixture
def made(tmp_path: Path) -> MadeShard:
    made = MadeShard(tmp_path / "made")
    made.put(*made_documents(60)).put(*(page(number, f"second page {number}") for number in range(40)))
    return made.delete(page(3).url)


def flip(path: str, place: float = 0.5) -> None:
    """Damage one byte at this fraction of a file, in place."""
    with open(path, "r+b") as file:
        at = int(os.path.getsize(path) * place)
        file.seek(at)
        (byte,) = file.read(1)
        file.seek(at)
        file.write(bytes([byte ^ 0x10]))


def path_of(store: Store, manifest: Manifest, kind: str) -> str:
    names = sorted((file.size, name) for name, file in manifest.files.items() if name.endswith(f".{kind}"))
    return os.path.join(store.layout_folder(manifest.layout.name), names[-1][1])


def answers(replica: Replica) -> list[tuple[int, list[str]]]:
    found = [
        search(replica, SearchRequest(query=query, size=100)) for query in ("page", "second", "page 7", '"page 12"')
    ]
    # A notice says that the phrase is nowhere, and that its words were searched for
    return [(0, []) if answer.notice else (answer.total, [hit.url for hit in answer.hits]) for answer in found]


def passed(store: Store) -> Scrubber:
    scrub = Scrubber(store, 1 << 40)
    scrub.step()
    return scrub


def heal(store: Store, made: MadeShard, manifest: Manifest) -> list[str]:
    """Push the same manifest again, as an indexer does every second; return the files that were requested."""
    answer = store.install(manifest, 0)
    send(store, manifest, made.published)
    return answer.files if isinstance(answer, Missing) else []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("place", [0.0, 0.3, 0.6, 0.99])
def test_a_flipped_byte_is_found_and_healed(store: Store, made: MadeShard, kind: str, place: float) -> None:
    manifest = made.manifest()
    send(store, manifest, made.published)
    replica = Replica(store)
    expected = answers(replica)
    path = path_of(store, manifest, kind)
    flip(path, place)
    passed(store)
    assert not os.path.exists(path)
    replica.follow()
    assert not replica.ready
    assert replica.damaged == 1
    for (total, urls), (was, all_urls) in zip(answers(replica), expected, strict=True):
        assert total < was or (total == was and urls == all_urls)
        assert set(urls) <= set(all_urls), "nothing wrong is found meanwhile"
    assert heal(store, made, manifest) == [os.path.basename(path)]
    replica.follow()
    assert replica.ready
    assert answers(replica) == expected
    assert passed(store)
    replica.follow()
    assert replica.ready


def test_a_newer_manifest_heals_too(store: Store, made: MadeShard) -> None:
    manifest = made.manifest()
    send(store, manifest, made.published)
    replica = Replica(store)
    flip(path_of(store, manifest, "store"))
    passed(store)
    replica.follow()
    send(store, made.put(page(1000, "newest page")).manifest(), made.published)
    replica.follow()
    assert replica.ready
    assert answers(replica)[0][0] == 40


def test_of_two_shards_the_other_is_pushed_while_one_is_damaged(store: Store, tmp_path: Path) -> None:
    shards = [MadeShard(tmp_path / str(number), number, 2).put(page(number), page(number + 10)) for number in range(2)]
    manifests = [made.manifest() for made in shards]
    for made, manifest in zip(shards, manifests, strict=True):
        send(store, manifest, made.published)
    replica = Replica(store)
    flip(path_of(store, manifests[0], "idx"))
    passed(store)
    send(store, shards[1].put(page(21)).manifest(), shards[1].published)
    replica.follow()
    assert replica.damaged == 1
    assert sorted(answers(replica)[0][1]) == sorted(page(number).url for number in (1, 11, 21))
    store.make_durable()
    assert heal(store, shards[0], manifests[0])
    replica.follow()
    assert replica.ready
    assert answers(replica)[0][0] == 5
    store.make_durable()


def test_a_search_that_fails_has_all_files_checked_at_once(store: Store, made: MadeShard) -> None:
    manifest = made.manifest()
    send(store, manifest, made.published)
    path = Path(path_of(store, manifest, "store"))
    with path.open("r+b") as file:  # a block of zeros
        file.write(bytes(path.stat().st_size // 2))
    replica = Replica(store)
    scrub = Scrubber(store, 0)
    with pytest.raises(DamagedError, match="can't read a segment"):
        for query in words(20, 1):
            search(replica, SearchRequest(query=query, size=100))
    store.suspect()
    scrub.step()
    replica.follow()
    assert replica.damaged == 1
    assert not os.path.exists(store.suspicion)


def test_a_pass_goes_on_where_it_was_and_is_noted(store: Store, made: MadeShard) -> None:
    send(store, manifest := made.manifest(), made.published)
    scrub = Scrubber(store, 1)  # one chunk per step
    assert passed_at(store.folder) is None
    chunks = 0
    while passed_at(store.folder) is None:
        scrub.step()
        chunks += 1
        assert chunks < 1000
    assert chunks >= len(manifest.files)


@pytest.mark.parametrize(
    "spoil", [lambda path: flip(path, 0.4), lambda path: flip(path, 0.9), lambda path: os.truncate(path, 50)]
)
@pytest.mark.parametrize("running", [True, False])
def test_a_damaged_meta_json_is_written_again_or_everything_comes_again(
    store: Store, made: MadeShard, spoil: Callable[[str], None], running: bool
) -> None:
    manifest = made.manifest()
    send(store, manifest, made.published)
    store.make_durable()
    replica = Replica(store)
    expected = answers(replica)
    spoil(os.path.join(store.layout_folder(manifest.layout.name), "meta.json"))
    if running:
        passed(store)
        assert answers(replica) == expected
        replica.follow()
    else:
        store = Store(store.folder, Rules())
        store.clean_up()
        send(store, manifest, made.published)
        replica = Replica(store)
    assert replica.ready
    assert answers(replica) == expected


def test_files_that_are_cut_or_gone_at_the_start_are_taken_out(store: Store, made: MadeShard) -> None:
    manifest = made.manifest()
    send(store, manifest, made.published)
    os.truncate(path_of(store, manifest, "idx"), 3)
    again = Store(store.folder, Rules())
    again.clean_up()
    replica = Replica(again)
    assert replica.damaged == 1
    heal(again, made, manifest)
    replica.follow()
    assert replica.ready
