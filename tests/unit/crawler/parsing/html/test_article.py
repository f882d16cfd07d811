"""Articles are read without what surrounds them, and lose nothing of their own."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from lightship.crawler.parsing.html.extract import Page, extract

PROSE = (
    "The harbour master keeps a careful record of every vessel that enters the port, and of the name of its captain. "
)
TEXT = f"<p>Alphaone. {PROSE * 2}</p><p>Bravotwo. {PROSE * 2}</p><h2>Charliethree</h2><p>Deltafour. {PROSE * 2}</p>"
WHOLE = "Alphaone Bravotwo Charliethree Deltafour"
DECLARED = "<meta property=og:type content=article>"
LINKED_DATA = '<script type="application/ld+json">{"@context": "https://schema.org", "@type": ["NewsArticle"]}</script>'
CARDS = "".join(
    f"<div class=card><a href=/{n}><img alt='Frame picture'><h3>Frame story {n}</h3></a><p>Frame summary of it</p></div>"
    for n in "abc"
)


class Layout(NamedTuple):
    """The body of an article, words that must be in its text, and its head; no text may have the word Frame."""

    body: str
    kept: str = WHOLE
    head: str = DECLARED


LAYOUTS = {
    "wordpress": Layout(
        f"<article class='post type-post tag-share category-related'><header class=entry-header><h1>Title of it</h1><div "
        f"class=entry-meta>Frame by <span class=author>Frame</span></div></header><div class=entry-content>{TEXT}<div class="
        "'sharedaddy sd-block'><h3>Frame this:</h3><ul><li><a href=/f>Frame</a></ul></div><div id=jp-relatedposts class="
        "jp-relatedposts><h3>Frame related</h3></div></div><footer class=entry-footer><span class=cat-links>Frame</span></footer>"
        "</article><div id=comments class=comments-area><h2>Frame thoughts</h2><ol class=comment-list><li>Frame says: nice</ol>"
        "</div>"),
    "blogger": Layout(
        f"<div class='blog-posts hfeed'><div class='post hentry'><h3 class=post-title>Title of it</h3><div class='post-body "
        f"entry-content'>{TEXT}</div><div class=post-footer>Frame posted by <a href=/a>Frame</a></div></div></div><div class="
        "sidebar><div class=widget><h2>Frame archive</h2><a href=/b>Frame 2019</a></div></div>"),
    "substack": Layout(
        f"<main><article class='newsletter-post post'><h1 class=post-title>Title of it</h1><div class=byline-wrapper>Frame</div>"
        f"<div class=available-content><div class='body markup'>{TEXT}<div class=subscription-widget-wrap><p>Frame is a reader-"
        "supported publication. Frame.</p></div></div></div><div class=post-footer>Frame likes</div></article></main>"),
    "news with teasers": Layout(
        f"<main><h1>Title of it</h1><div class=social-share><a href=/s>Frame</a></div><div class=story-body>{TEXT}<aside class="
        f"related-stories><h2>Frame</h2>{CARDS}</aside><p>Echofive. {PROSE}</p></div><section class=most-read>{CARDS}</section>"
        "</main>", f"{WHOLE} Echofive", LINKED_DATA),
    "news with boxes in the text": Layout(
        f"<div itemscope itemtype='https://schema.org/NewsArticle'><h1 itemprop=headline>Title of it</h1><div itemprop=articleBody>{TEXT}<p><a "
        f"href=/r>Frame: another story of ours</a></p><div class=ad-slot>Frame</div><p>Advertisement</p><p>Echofive. {PROSE}</p>"
        "<ul><li><a href=/1>Frame first story</a></li><li><a href=/2>Frame second story</a></li></ul></div></div>",
        f"{WHOLE} Echofive", ""),
    "author and newsletter": Layout(
        f"<article><h1>Title of it</h1>{TEXT}<div class=author-bio><p>Frame is a correspondent who writes about ports, and has "
        "done so for a number of years in several countries of the world.</p></div><form class=newsletter-signup><h3>Frame "
        "letter</h3><p>Frame every week</p></form></article>"),
    "captions": Layout(
        f"<article><h1>Title of it</h1><figure><img alt='Frame of a ship'><figcaption>Frame of a ship. <span class=credit>Frame"
        f"</span></figcaption></figure>{TEXT}</article>"),
    "quotations of others": Layout(
        f"<article><h1>Title of it</h1>{TEXT}<div class=social-embed><blockquote class=twitter-tweet><p>Echofive <a href="
        "https://t.example/x>t.example/x</a></p></blockquote></div></article>", f"{WHOLE} Echofive"),
    "lists and tables are content": Layout(
        f"<article><h1>Title of it</h1>{TEXT}<ul><li>Echofive</li><li>Foxtrotsix <a href=/x>there</a></li></ul><table><tr><td>"
        "<a href=/g>Golfseven</a></td><td>12</td></tr></table></article>", f"{WHOLE} Echofive Foxtrotsix Golfseven"),
    "code and definitions are content": Layout(
        f"<article class=post><h1>Title of it</h1>{TEXT}<div class=share><pre>echofive()</pre></div><dl class=tags><dt>Foxtrotsix"
        "</dt><dd>Golfseven</dd></dl><pre><span class=comment># hoteleight</span></pre></article>",
        f"{WHOLE} echofive Foxtrotsix Golfseven hoteleight"),
    "sections called like widgets": Layout(
        f"<article><h1>Title of it</h1>{TEXT}<section id=sharing><h2>Sharing</h2><p>Echofive.</p></section><section id=comments>"
        "<h2>Comments</h2><p>Foxtrotsix.</p></section></article>", f"{WHOLE} Sharing Echofive Comments Foxtrotsix"),
    "sidebars with prose": Layout(
        f"<article><h1>Title of it</h1>{TEXT}<div class=sidebar><p>Echofive. {PROSE * 3}</p></div>{TEXT * 2}</article>",
        f"{WHOLE} Echofive"),
    "classes that say what a post has": Layout(
        f"<div><article class='post type-post hentry has-post-thumbnail category-related tag-share'><p>Echofive. {PROSE * 3}</p>"
        f"</article><section>{TEXT}<p>{PROSE * 2}</p></section></div>", f"{WHOLE} Echofive"),
    "all is named like what surrounds articles": Layout("<div class=widget><p>Alphaone</p></div>", "Alphaone"),
    "others nested in an article beside it": Layout(
        f"<div><article class=hentry><h1>Title of it</h1>{TEXT}</article><article class=box><h3>Frame to like</h3>"
        + "".join(f"<article class=box><p>Frame {PROSE * 3}</p></article>" for _ in range(4)) + "</article></div>"),
    "updates nested in an article": Layout(
        f"<article><h1>Title of it</h1><article><h3>10:05</h3>{TEXT}</article><article><h3>10:01</h3><p>Echofive. {PROSE}</p>"
        "</article></article>", f"{WHOLE} Echofive"),
    "teasers in the main element": Layout(
        f"<section><article><h2>Title of it</h2>{TEXT}</article></section><main>" + "".join(
            f"<article class=teaser-{n}><h2><a href=/{n}>Frame story</a></h2><p>Frame summary, {PROSE}</p></article>" for n in "abc")
        + "</main>"),
    "more teasers than article": Layout(
        f"<div><div class=story><h1>Title of it</h1>{TEXT}</div><div class=breaking-news><ul>" + "".join(
            f"<li><a href=/{n}>Frame {n}</a> {PROSE * 2}" for n in "abcdef") + "</ul></div></div>"),
    "a single post of WordPress": Layout(
        f"<body class='single single-post postid-7'><div class=content><h1>Title of it</h1>{TEXT}<div class=sharing><p>Frame on"
        "</p></div></div>", head=""),
    "all is one paragraph": Layout(f"<article><h1>Title of it</h1><p>{PROSE}</p></article>", "harbour captain"),
}  # fmt: skip


def page(layout: Layout) -> Page:
    title = "<title>Title of it | The site</title>"
    return extract(f"<html><head>{title}{layout.head}</head><body>{layout.body}</body></html>", "http://a.example/")


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_article_is_all_that_is_kept(name: str) -> None:
    text = page(LAYOUTS[name]).text
    assert [word for word in LAYOUTS[name].kept.split() if word not in text] == []
    assert "Frame" not in text
    assert "Advertisement" not in text


def test_the_title_is_not_repeated_in_the_text() -> None:
    found = page(LAYOUTS["captions"])
    assert found.title == "Title of it | The site"
    assert [section.heading for section in found.sections] == ["Charliethree"]
    assert "Title of it" not in found.text


def test_other_pages_keep_lists_of_links_captions_and_comments() -> None:
    body = f"<main><h1>Title of it</h1>{TEXT}<div class=comments><p>Echofive</p></div><figure><img alt=Foxtrotsix></figure></main>"
    text = page(Layout(body, head="")).text
    assert [word for word in f"Title {WHOLE} Echofive Foxtrotsix".split() if word not in text] == []


def test_an_article_of_links_only_keeps_them() -> None:
    assert "Golfseven" in page(Layout("<article><p><a href=/g>Golfseven</a></p></article>")).text
