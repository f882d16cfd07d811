"""Collections: named sets of documents in one index, each with a title of its own.

A collection is the value of the declared field `collection`, so it is filtered, counted and searched like any other.
`docs:Documentation,blog` declares two of them, the second with its name as the title.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from lightship.core.caching import cache_short
from lightship.core.declaration import canonical, declared
from lightship.core.errors import InvalidInputError

COLLECTION = "collection"  # the name of the field
MAX_COLLECTIONS = 100
MAX_TITLE = 100  # characters
_LONGEST = 20_000  # characters of what declares them

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")

Collections = Mapping[str, str]  # titles by name, in the order in which they are declared
NO_COLLECTIONS: Collections = MappingProxyType({})


@cache_short(entries=4, longest=_LONGEST)
def collections_of(text: str) -> Collections:
    """Return the collections that `text` declares; raises InvalidInputError."""
    titles: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, _, title = (" ".join(piece.split()) for piece in part.partition(":"))
        check_name(name)
        if len(title) > MAX_TITLE:
            raise InvalidInputError(f"collection {name!r}: its title has more than {MAX_TITLE} characters")
        if name in titles:
            raise InvalidInputError(f"collection {name!r} is declared twice")
        titles[name] = title or title_of(name, NO_COLLECTIONS)
    if len(titles) > MAX_COLLECTIONS:
        raise InvalidInputError(f"{len(titles)} collections are declared, at most {MAX_COLLECTIONS} can be")
    return MappingProxyType(titles)


def check_name(name: str) -> str:
    """Return `name` if a collection may have it; raises InvalidInputError."""
    if not NAME.fullmatch(name):
        raise InvalidInputError(
            f"collection {name[:80]!r}: a name has lower-case letters, digits, - and _, like docs or user-guides"
        )
    return name


def written(collections: Collections) -> str:
    """Return the text that declares `collections`."""
    return ",".join(f"{name}:{title}" for name, title in collections.items())


def title_of(name: str, collections: Collections) -> str:
    """Return the title of the collection `name`, which may be undeclared."""
    return collections.get(name) or name.replace("-", " ").replace("_", " ").capitalize()


def with_collections(fields: str, collections: Iterable[str]) -> str:
    """Return the declaration `fields` with the field of `collections`, if there are any; raises InvalidInputError."""
    kind = declared(fields).get(COLLECTION)
    if not any(collections) or kind == "keyword":
        return fields
    if kind is not None:
        raise InvalidInputError(f"field {COLLECTION!r} is a keyword where there are collections, not a {kind}")
    return canonical(f"{fields},{COLLECTION}:keyword")
