"""Made products: the same on every machine, with fields of each kind, some missing and some lists."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bench.made import made_stream
from lightship.core.model import Document, FieldValue

DECLARATION = (
    "brand:keyword,category:path,colour:keyword,price:number,published:date,rating:number,stock:boolean,tags:keyword"
)
BRANDS = 500
WORDS = (40, 160)  # of a description

_LEVELS = (12, 8, 5)
_COLOURS = ("black", "white", "red", "green", "blue", "grey")


def made_products(count: int) -> Iterator[Document]:
    """Yield `count` products."""
    stream = made_stream()
    for number in range(count):
        chance = random.Random(number)

        def words(least: int, most: int, chance: random.Random = chance) -> str:
            size = chance.randint(least, most)
            start = chance.randrange(len(stream) - size)
            return " ".join(stream[start : start + size])

        yield Document(
            url=f"https://shop{number % 9}.example/{number}", title=words(3, 7), text=words(*WORDS), language="en",
            fields=_fields(chance),
        )  # fmt: skip


def _fields(chance: random.Random) -> dict[str, FieldValue]:
    levels = [f"{name}{chance.randrange(of)}" for name, of in zip("abc", _LEVELS, strict=True)]
    fields: dict[str, FieldValue] = {
        "brand": f"brand {int(chance.paretovariate(0.6)) % BRANDS}",
        "category": " > ".join(levels[: chance.randint(1, 3)]),
        "colour": chance.choice(_COLOURS),
        "price": round(chance.lognormvariate(3, 1), 2),
        "published": f"20{chance.randrange(10, 26)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        "rating": chance.randint(2, 10) / 2,
        "stock": chance.random() < 0.7,
        "tags": [f"tag {chance.randrange(100)}" for _ in range(chance.randrange(5))],
    }
    return {name: value for name, value in fields.items() if chance.random() < 0.95}
