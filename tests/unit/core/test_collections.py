"""Collections: what declares them, and the field that they need."""

from __future__ import annotations

import pytest

from lightship.core.collections import NO_COLLECTIONS, collections_of, title_of, with_collections, written
from lightship.core.errors import InvalidInputError


def test_titles_are_given_or_made_of_the_name() -> None:
    found = collections_of(" user-guides : The  Guides, blog, a_b:C: D ")
    assert dict(found) == {"user-guides": "The Guides", "blog": "Blog", "a_b": "C: D"}
    assert collections_of(written(found)) == found
    assert (title_of("blog", found), title_of("user-guides", NO_COLLECTIONS)) == ("Blog", "User guides")
    assert not collections_of("")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Docs:x", "'Docs': a name has lower-case letters"),
        (":x", "'': a name"),
        (f"a:{'x' * 101}", "'a': its title has more than 100 characters"),
        ("a:x,a:y", "'a' is declared twice"),
        (",".join(f"c{number}" for number in range(101)), "101 collections are declared, at most 100"),
    ],
)
def test_what_is_wrong_is_told(text: str, wrong: str) -> None:
    with pytest.raises(InvalidInputError, match=wrong):
        collections_of(text)


def test_collections_are_a_declared_field() -> None:
    assert with_collections("price:number", ["docs"]) == "collection:keyword,price:number"
    assert with_collections("collection:keyword", ["docs"]) == "collection:keyword"
    assert with_collections("price:number", ["", ""]) == "price:number"
    with pytest.raises(InvalidInputError, match="is a keyword where there are collections, not a number"):
        with_collections("collection:number", ["docs"])
