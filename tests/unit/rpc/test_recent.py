"""An indexer's last changes: complete above `since`, whatever has been forgotten, and bounded."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lightship.rpc import recent
from lightship.rpc.recent import Change, Recent, recent_of, since_of


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 900)), max_size=1500))
def test_what_is_sent_has_the_last_change_of_each_url_above_since(changed: list[tuple[int, int]]) -> None:
    kept, last = Recent(dict.fromkeys(range(4), 0)), dict[str, Change]()
    for sequence, (partition, number) in enumerate(changed, 1):
        change = Change(partition, sequence, f"https://ex.org/{partition}/{number}")
        kept.add(change)
        last[change.url] = change
    sent = kept.as_positions()
    since = since_of(sent)
    found = recent_of(sent)
    assert len(found) <= recent.MOST
    assert since.keys() == set(range(4))
    assert set(found) <= set(last.values())
    assert {each for each in last.values() if each.sequence > since[each.partition]} <= set(found)


def test_long_urls_are_fewer() -> None:
    kept = Recent({0: 0})
    for sequence in range(1, 200):
        kept.add(Change(0, sequence, f"https://ex.org/{sequence}/{'x' * 2000}"))
    found = recent_of(kept.as_positions())
    assert sum(len(each.url) for each in found) <= recent.MOST_BYTES
    assert since_of(kept.as_positions())[0] == found[0].sequence - 1
