"""Reduces the content of a page that is an article to the article: without teasers, share bars, biographies, comments.

Only a page that says that it is an article is reduced (Open Graph, schema.org, a time of publication): on others, lists of
links and short parts are content. What goes is told by the words in its classes and by its links; what has much of the
page's prose, code, a quotation or a table stays, whatever it is called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from resiliparse.parse.html import DocumentNode, ElementNode

from lightship.crawler.parsing.html.boilerplate import (
    AWAY,
    ENOUGH,
    HEADING_TAGS,
    MAX_NAMES,
    first_heading,
    names,
    prose,
    size,
)
from lightship.crawler.parsing.html.tree import attribute, is_within, line, select

MAX_ELEMENTS = 3000  # of each kind that are examined
MAX_ARTICLES = 200  # on a page that are compared
MAX_SCRIPTS, MAX_SCRIPT = 20, 262_144  # JSON-LD that is searched for the type of the page
MAX_LABEL = 60  # characters of a text that is only a label
MAX_DESCENT, MAX_PARTS = 50, 300  # as in content.py
WEIGHINGS = 20  # times the content's characters may be counted, since elements may be nested
FEW = 3  # links; a part with fewer is no list of them
MOST = 0.3  # largest share of the prose that a part may have to be removed for its name
NEARLY_ALL = 0.8  # share of the prose; a part with more of it has the article
LINKED = 0.7  # share of characters in links; a part with more of them leads to other pages
SPARSE = 150  # characters per link; a part with more of them is not examined
CARD = 400  # characters of a card, at most
SENTENCE = 80  # characters outside links, with which a paragraph says something itself
ENDINGS = 5  # headings without text at the end of an article

_DECLARED = (  # the type alone is also that of manuals
    "meta[property='article:published_time' i],[itemtype*='Article'] [itemprop~='datePublished'],"
    "[itemtype*='Article'] [itemprop~='headline'],[itemtype*='BlogPosting'],"
    "body.single-post,body.post-template,body.node-type-article,body.page-node-type-article"  # WordPress, Ghost, Drupal
)
_TYPES = re.compile(r'"@type"\s*:\s*(?:\[\s*)?"(?:[A-Za-z]{0,20}Article|BlogPosting|LiveBlogPosting|Report|Recipe)"')

_TOKENS = re.compile(r"[^A-Za-z0-9]+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")

# Words in the classes of what is no part of an article; _WEAK ones also of parts with prose of their own
_NAMES = re.compile(
    r"\b(?:share|shares|sharing|sharebar|sharedaddy|social|addthis|addtoany|follow|likes|related|recommend\w*|recirc\w*"
    r"|readmore|read more|more from|more on|more stories|also|popular|trending|most read|most viewed|latest|teasers?"
    r"|promo\w*|outbrain|taboola|zergnet|newsletters?|subscrib\w*|subscription|signup|sign up|comments?|commentlist"
    r"|breaking|up next|you may\w*|might like|next post|previous post|yarpp|feedback|reactions|supporters?|membership|donat\w*"
    r"|lightbox|modal|popup|overlay|loading|cookies?|consent|log in|login|toolbar|cta|call to action|whatsapp|telegram"
    r"|disqus|respond|reply|authors?|bio|bylines?|dateline|timestamp|date|time|meta|postmeta|postinfo|posted on|tags"
    r"|tag list|taglist|topics|categories|cat links|breadcrumbs?|ads?|ad(?:spot|slot|unit|box|wrap\w*)|advert\w*|sponsor\w*|dfp|gpt|caption\w*|credits?"
    r"|gallery|slideshow|carousel|thumbs?|thumbnails?|sidebar|rail|widgets?|nav\w*|pagination|pager|footer|print"
    r"|ratings?|paywall|copyright|disclaimer|skip|hidden|sr only|screen reader\w*)\b"
)
_WEAK = re.compile(r"sidebar|rail|widgets?|aside|topics|footer")
_OTHERS = re.compile(
    r"related|recommend\w*|recirc\w*|also|more \w+|popular|trending|most \w+|latest|breaking|teasers?|promo\w*"
)
_EMBEDS = re.compile(r"social|widgets?")  # they may quote what others published
_LABELS = re.compile(  # and counters of galleries
    r"[\W_]*(?:(?:\w{1,15} )?\d{1,3} ?(?:/|of|von|sur|de|di|van|av|af|z|из|з) ?\d{1,3}|advertisement|advert|sponsored(?: (?:links?|content|posts?))?|share(?: this[\w ]{0,30})?|like this|loading|comments?|(?:filed under|filed to"
    r"|tags|topics)(?: .{0,60})?|anzeige|werbung|teilen|kommentare|publicité|partager|commentaires|publicidad|compartir"
    r"|comentarios|publicidade|compartilhar|comentários|pubblicità|condividi|commenti|advertentie|delen|reacties|reklama"
    r"|udostępnij|komentarze|sdílet|hirdetés|megosztás|reklam|paylaş|yorumlar|annons|dela|annonse|mainos|jaa|publicitate"
    r"|реклама|поделиться|комментарии|поділитися|коментарі|διαφήμιση|iklan|bagikan|komentar|sukai ini|quảng cáo|chia sẻ"
    r"|広告|シェア|コメント|광고|공유|댓글|广告|分享|评论|廣告|評論|إعلان|شارك|التعليقات|פרסומת|שתפו|تبلیغات|विज्ञापन|โฆษณา)[\W_]*",
    re.IGNORECASE,
)
_CARD_TITLES = ",".join(f"{tag} a[href],a[href] {tag}" for tag in ("h2", "h3", "h4", "h5", "h6", "img"))
_INLINE = frozenset({"span", "a", "em", "strong", "b", "i", "small"})
_SOLID = "pre,code,table,dl,blockquote,h1"  # content, whatever is linked in it
_KEPT = HEADING_TAGS | {"dl", "dt", "dd", "pre", "code", "td", "tr", "blockquote", "body", "main"}
_TEXTS = frozenset({"p", "pre", "ul", "ol", "table", "blockquote", "dl"})
_PURPOSES = frozenset({"aside", "figcaption", "footer", "form", "time"})  # elements that go whatever their classes are


def is_article(document: DocumentNode, kinds: Iterable[str]) -> bool:
    """Whether the page says that it is an article; `kinds` are its Open Graph types."""
    if any(kind.strip().lower() == "article" for kind in kinds) or document.query_selector(_DECLARED) is not None:
        return True
    scripts = select(document, 'script[type="application/ld+json"]')[:MAX_SCRIPTS]
    return any(_TYPES.search((script.text or "")[:MAX_SCRIPT]) for script in scripts)


def reduce_article(root: ElementNode) -> None:
    """Remove from the content of an article what is not the article."""
    _remove_named(root)
    _narrow(root)
    _remove_articles(root)
    _remove_cards(root)
    _remove_links(root)
    _remove_labels(root)
    for image in select(root, "img[alt]"):
        image.setattr("alt", "")
    _remove_endings(root)


def remove_title(root: ElementNode, title: str) -> None:
    """Remove the headings of the first level whose words the `title` has: it need not be said again."""
    said = _letters(title)
    for heading in select(root, "h1"):
        own = _letters(heading.text or "")
        if own and own in said:
            heading.remove()


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text[:MAX_NAMES])).lower()


def _remove_named(root: ElementNode) -> None:
    """Remove parts that are named like what surrounds articles."""
    whole, left = prose(root), WEIGHINGS * size(root)
    for element in select(root, f"[class],[id],{','.join(_PURPOSES)}")[:MAX_ELEMENTS]:
        classes, identity = attribute(element, "class")[:MAX_NAMES], attribute(element, "id")[:MAX_NAMES]
        if element.tag in _KEPT or not _telling_word(element, f"{classes} {identity}"):
            continue
        left -= size(element)
        if left < 0:
            break
        word = _telling_word(element, classes if element.tag in _INLINE else names(element))
        if word and root.contains(element) and not _is_kept(element, word, whole):
            element.remove()


def _telling_word(element: ElementNode, name: str) -> str:
    """Return the word in its `name` that tells that an element is not of the article, or its tag, or nothing."""
    tag = element.tag or ""
    tokens = (token for token in _TOKENS.split(f"{name} {tag}") if token.isalpha())
    found = _NAMES.search(" ".join(word for token in tokens for word in _CAMEL.findall(token)).lower())
    return found[0] if found else tag if tag in _PURPOSES else ""


def _is_kept(element: ElementNode, word: str, whole: int) -> bool:
    """Whether an element is content although `word` tells otherwise: it has much of the `whole` prose, or code, or quotes."""
    if element.query_selector("pre") is not None or is_within(element, "pre,code,h1,h2,h3,h4,h5,h6"):
        return True
    if _EMBEDS.fullmatch(word) and element.query_selector("blockquote") is not None:
        return True
    own, leads = prose(element), len(element.query_selector_all(AWAY)) >= FEW
    if leads and _OTHERS.fullmatch(word) and whole - own >= ENOUGH:
        return False
    return own > MOST * whole or (own >= ENOUGH and _WEAK.fullmatch(word) is not None and not leads)


def _narrow(root: ElementNode) -> None:
    """Remove what stands beside the element with nearly all of the prose, but no section of its own."""
    for _ in range(MAX_DESCENT):
        parts = list(root.children.values()) if root.child_element_count <= MAX_PARTS else []
        amounts = [max(0, prose(part)) for part in parts]
        most = max(amounts, default=0)
        if most < ENOUGH or most < NEARLY_ALL * sum(amounts):
            return
        best = parts[amounts.index(most)]
        if best.tag in _TEXTS:
            return
        for part in parts:
            if part != best and part.tag != "h1" and not _is_section(part):
                title = part.query_selector("h1")
                part.remove() if title is None else part.replace_with(title)
        root = best


def _is_section(part: ElementNode) -> bool:
    return first_heading(part) is not None and size(part) > MAX_LABEL and part.query_selector(AWAY) is None


def _remove_cards(root: ElementNode) -> None:
    """Remove rows of cards: parts of one shape, side by side, each a short text under a heading or picture that leads away."""
    whole, left = prose(root), WEIGHINGS * size(root)
    for row in select(root, "ul,ol,div,section")[:MAX_ELEMENTS]:
        if not FEW <= row.child_element_count <= MAX_PARTS:
            continue
        left -= size(row)
        if left < 0:
            break
        if len(row.query_selector_all(AWAY)) < FEW or not root.contains(row):
            continue
        cards = list(row.children.values())
        shapes = {(card.tag, attribute(card, "class")) for card in cards}
        if len(shapes) <= len(cards) // FEW and prose(row) <= MOST * whole and all(map(_is_card, cards)):
            row.remove()


def _remove_articles(root: ElementNode) -> None:
    """Remove other articles: cards beside one that is none, and articles within another if one has none within it.

    What is nested in an article is of it, as updates or comments are (HTML, 4.3.2), unless the article stands elsewhere.
    """
    articles = select(root, "article")[:MAX_ARTICLES]
    if len(articles) < FEW:
        return
    cards = [each for each in articles if _is_card(each)]
    nested = [each for each in articles if each.parent_element and is_within(each.parent_element, "article")]
    whole = [each for each in articles if each not in cards + nested]
    if any(each.query_selector("article") is None and prose(each) >= ENOUGH for each in whole):
        cards += nested
    for other in cards if whole else ():
        if root.contains(other):
            other.remove()


def _is_card(part: ElementNode) -> bool:
    link = part.query_selector(AWAY)
    if link is None or size(part) > CARD:
        return False
    return part.tag not in _TEXTS and part.query_selector(_CARD_TITLES) is not None


def _remove_links(root: ElementNode) -> None:
    """Remove paragraphs, lists and boxes that lead to other pages, the innermost first."""
    left = WEIGHINGS * size(root)
    for element in reversed(select(root, "p,ul,ol,div,section,nav")[:MAX_ELEMENTS]):
        characters = size(element)
        left -= characters
        if left < 0:
            break
        links = element.query_selector_all(AWAY)
        count = len(links)
        if not count or not root.contains(element):
            continue
        if characters > SPARSE * count or element.query_selector(_SOLID) is not None:
            continue
        linked = sum(size(link) for link in links.values())
        if element.tag == "p" and characters - linked > SENTENCE:
            continue
        if linked >= LINKED * characters and not is_within(element, "blockquote,table,dl"):
            element.remove()


def _remove_labels(root: ElementNode) -> None:
    for element in select(root, "p,h3,h4,h5,h6,div,li,center,strong")[:MAX_ELEMENTS]:
        if element.child_element_count > FEW:
            continue
        text = line((element.text or "")[: 2 * MAX_LABEL])
        if text and len(text) <= MAX_LABEL and _LABELS.fullmatch(text):
            element.remove()


def _remove_endings(root: ElementNode) -> None:
    """Remove headings that nothing follows any more."""
    for _ in range(ENDINGS):
        headings = select(root, "h2,h3,h4,h5,h6")
        said = (headings[-1].text or "").strip() if headings else ""
        if not headings or not (root.text or "").rstrip().endswith(said):
            return
        headings[-1].remove()
