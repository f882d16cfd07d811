"""The common part of Office's formats (Office Open XML, ISO 29500): metadata, and relations between parts."""

from __future__ import annotations

import posixpath

from lightship.crawler.parsing.formats.html_head import html_head
from lightship.crawler.parsing.formats.office.zip import Archive, text_of

CORE = "docProps/core.xml"
RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"

_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
_NAMES = {"dc": "http://purl.org/dc/elements/1.1/", "terms": "http://purl.org/dc/terms/"}
_UNSAID = "PowerPoint"  # in the title of every presentation that was given none, in every language


def head_of(archive: Archive) -> str:
    """Return the head of an HTML page with the document's metadata. Raises InvalidDocumentError."""
    if CORE not in archive.names:
        return html_head("")
    core = archive.xml(CORE)
    title = text_of(core, "dc:title", _NAMES)
    return html_head(
        "" if _UNSAID in title and len(title) < 3 * len(_UNSAID) else title, text_of(core, "dc:language", _NAMES),
        author=text_of(core, "dc:creator", _NAMES), description=text_of(core, "dc:description", _NAMES),
        created=text_of(core, "terms:created", _NAMES), modified=text_of(core, "terms:modified", _NAMES),
    )  # fmt: skip


def relations_of(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Return the parts that `part` refers to, by id: the last word of the kind of relation, and the part's name."""
    folder, name = posixpath.split(part)
    where = posixpath.join(folder, "_rels", f"{name}.rels")
    if where not in archive.names:
        return {}
    found = {}
    for each in archive.xml(where).iterfind(f"{_PACKAGE}Relationship"):
        target = each.get("Target", "")
        place = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        if each.get("TargetMode") != "External" and place in archive.names:
            found[each.get("Id", "")] = each.get("Type", "").rpartition("/")[2], place
    return found
