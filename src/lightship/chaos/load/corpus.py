"""The documents of a test: below a site of their own, with words that no other document contains."""

from __future__ import annotations

import random
from urllib.parse import quote

WORDS = ["harbour", "lamp", "storm", "keeper", "oil", "wick", "coast", "night", "ship", "fog", "horn", "rock", "wave"]
LENGTH = 40  # words


class Corpus:
    """`size` documents, numbered from 0, each in many versions.

    `common` is a word that all of them contain, `site` the prefix of their URLs.
    """

    def __init__(self, seed: int, size: int) -> None:
        """Name the documents after `seed`."""
        self.size, self.common = size, f"chaos{seed}"
        self.site = f"https://chaos-{seed}.example/"

    def url(self, number: int) -> str:
        """Return a document's URL."""
        return f"{self.site}{number}"

    def number(self, url: str) -> int:
        """Return the number of the document at `url`."""
        return int(url.removeprefix(self.site))

    def token(self, number: int) -> str:
        """Return the word that only this document contains."""
        return f"{self.common}n{number}"

    def document(self, number: int, version: int) -> dict[str, object]:
        """Return one version of a document, in the format of the intake and the crawler."""
        chance = random.Random(number * 1_000_003 + version)
        text = f"{self.common} {self.token(number)} {' '.join(chance.choices(WORDS, k=LENGTH))}"
        fields = {"number": number, "version": version}
        return {
            "url": self.url(number), "title": f"Document {number}", "text": text, "language": "en", "fields": fields,
        }  # fmt: skip

    def deletion(self, *numbers: int) -> str:
        """Return the target of the request that deletes documents at an intake."""
        return "/documents?" + "&".join(f"url={quote(self.url(number), safe='')}" for number in numbers)
