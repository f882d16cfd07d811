import re

from hypothesis import given
from hypothesis import strategies as st

from lightship.index.analysis.words import without_apostrophes

# As people would write the rule; it looks at each word
ELISION = re.compile(
    r"\b(?:[cdjlmnst]|qu|jusqu|lorsqu|puisqu|quoiqu|un|gl|all|dall|dell|nell|sull|coll|agl|dagl|degl|negl|sugl|quell|quest)'(?=\w)",
    re.IGNORECASE,
)
PARTS = ["l", "L", "qu", "Qu", "jusqu", "lorsqu", "un", "dell", "quest", "eau", "é", "'", "'", " ", "-", "_", "3"]


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_articles_are_left_out(text: str) -> None:
    assert without_apostrophes(text, "fr") == without_apostrophes(ELISION.sub(" ", text), "es")
