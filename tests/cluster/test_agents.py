"""An agent answers questions about a crawled site by /mcp alone, even when nothing but the searchengine is left."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.crawler.state.progress import read_progress
from made import Caller
from mockweb.site import MockSite
from support import Program, free_port, wait_until
from unit.searchengine.mcp.agents import use

FACTS = {  # pages of a lighthouse museum: (heading, sentence, question)
    "lamp": [
        ("Fuel", "Until 1871 the lamp burned colza oil pressed from rapeseed.", "which oil did the lamp burn before 1871?"),
        ("Lens", "The lens was ground in Birmingham by Chance Brothers.", "who made the lens?"),
    ],
    "fog": [
        ("Horn", "The fog horn gives two blasts every ninety seconds.", "how often does the fog horn sound?"),
        ("Silence", "Since 2004 it is silent from ten at night to six in the morning.", "is the horn silent at night?"),
    ],
    "keepers": [
        ("The first", "Agnes Marwick kept the light alone for eleven winters.", "who kept the light alone in winter"),
        ("Wages", "A keeper earned forty-two pounds a year and a ton of coal.", "how much did a keeper earn?"),
    ],
    "visit": [
        ("Opening hours", "The tower is closed on Tuesdays and in February.", "when is the tower closed"),
        ("Tickets", "Tickets cost seven euros, and nothing for children under six.", "price of tickets for children"),
        ("Dogs", "Dogs wait in the yard, where there is water for them.", "can I bring my dog?"),
    ],
    "tower": [
        ("Height", "From rock to vane the tower measures thirty-seven metres.", "how high is the tower in metres?"),
        ("Stairs", "Two hundred and four steps lead to the gallery.", "number of steps to the gallery"),
        ("Paint", "The red bands were painted in 1932 to please pilots.", "why was it painted red"),
    ],
    "wrecks": [
        ("The Harvest", "The schooner Harvest broke her keel on the Cow Rocks.", "what happened to the schooner Harvest?"),
        ("Gold", "Divers found ninety silver spoons, but never the gold.", "what did divers find in the wreck"),
    ],
    "birds": [
        ("Terns", "Arctic terns nest on the eastern shingle from May on.", "where do terns nest"),
        ("Count", "In 2025 volunteers counted 612 breeding pairs.", "how many breeding pairs were counted in 2025"),
    ],
    "engine": [
        ("Diesel", "A Lister diesel drove the compressor until 1988.", "which engine drove the compressor?"),
        ("Repair", "Spare pistons are turned by a retired fitter in Leith.", "where do spare pistons come from?"),
    ],
    "radio": [
        ("Call sign", "The station answers to the call sign Gull Seven.", "what is the call sign of the station"),
        ("Range", "With the new mast its range is sixty nautical miles.", "range of the radio with the new mast"),
    ],
}  # fmt: skip
FILLING = (
    "The museum keeps the {0} as visitors of the {1} remember it.", "On stormy days the {0} can be heard from the {1}.",
    "Nobody who has seen the {0} forgets the {1}.", "A photograph in the hall shows the {0} beside the {1}.",
    "Volunteers look after the {0} and clean the {1} every spring.",
)  # fmt: skip
THINGS = [
    "tower",
    "lamp",
    "horn",
    "keeper",
    "harbour",
    "boat",
    "engine",
    "radio",
    "gallery",
    "stairs",
    "rocks",
    "birds",
    "winter",
    "oil",
    "mast",
    "yard",
    "light",
]
LEAST = 18


def paragraph(chance: random.Random, sentences: int) -> str:
    """Return sentences about the same things that the facts are about."""
    return " ".join(chance.choice(FILLING).format(*chance.sample(THINGS, 2)) for _ in range(sentences))


def page(name: str) -> str:
    """Return a page of some 20,000 characters, whose facts are far apart."""
    chance = random.Random(name)
    parts = [f"<h1>About the {name}</h1><p>{paragraph(chance, 30)}</p>"]
    for number, (heading, sentence, _) in enumerate(FACTS[name]):
        parts.append(
            f'<h2 id="part-{number}">{heading}</h2><p>{paragraph(chance, 60)} {sentence} {paragraph(chance, 60)}</p>'
        )
    links = "".join(f'<p><a href="/{other}">About the {other}</a></p>' for other in FACTS)
    return (
        f"<html lang=en><head><title>The {name}</title></head><body><main>{''.join(parts)}</main>{links}</body></html>"
    )


def answer(caller: Caller, question: str) -> str:
    """Return what an agent reads for a question: what three results say, and their sections or first parts."""
    results = use(caller, "search", query=question, n=3)["results"]
    texts = [each["snippet"] for each in results]
    for each in results:
        found = use(caller, "fetch", url=each.get("link", each["url"]))
        texts.append(found["text"])
        if found["parts"] > 1:
            texts.append(use(caller, "fetch", url=each.get("link", each["url"]), part=2)["text"])
    return " ".join(" ".join(texts).split())


@pytest.fixture
def museum(tmp_path: Path, spawn: Callable[..., Program]) -> tuple[Caller, Callable[[], None]]:
    """Crawl the site; return the searchengine, and what stops all others and takes the log and the site away."""
    with MockSite() as site:
        site.page(
            "/",
            f"<html lang=en><title>Museum</title><main><p>Welcome. {' '.join(f'<a href=/{name}>{name}</a>' for name in FACTS)}</main>",
        )
        for name in FACTS:
            site.page(f"/{name}", page(name))
        engine = free_port()
        spawn("searchengine", f"-addr=127.0.0.1:{engine}", "-data=store").wait_for("listening")
        indexer = spawn("indexer", f"-searchengine=127.0.0.1:{engine}", "-log=sqlite://log.sqlite", "-data=ix")
        crawler = spawn("crawler", "-log=sqlite://log.sqlite", "-data=crawl", site.url("/"))
        caller = Caller(engine)
        wait_until(lambda: read_progress(str(tmp_path / "crawl")).idle, 30, "the first pass is complete")
        wait_until(lambda: caller.get("/readyz").status == 200, 20, "it is ready")
        wait_until(lambda: caller.get("/status").json["documents"] == len(FACTS) + 1, 20, "all pages are indexed")

    def stop() -> None:
        crawler.stop()
        indexer.stop()
        for file in tmp_path.glob("log.sqlite*"):
            file.unlink()

    return caller, stop


def test_questions_are_answered_by_search_and_fetch(museum: tuple[Caller, Callable[[], None]]) -> None:
    caller, stop = museum
    asked = [(sentence, question) for facts in FACTS.values() for _, sentence, question in facts]
    assert len(asked) == 20
    unanswered = [question for sentence, question in asked if sentence not in answer(caller, question)]
    assert len(asked) - len(unanswered) >= LEAST, unanswered
    stop()
    again = [question for sentence, question in asked if sentence not in answer(caller, question)]
    assert again == unanswered
    fresh = use(caller, "search", query="lamp")["fresh_as_of"]
    assert fresh == use(caller, "facets", query="lamp")["fresh_as_of"]
