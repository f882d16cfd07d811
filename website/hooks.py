"""Makes pages of the documents that stand at the root of the repository, whose links work on the site and in the repository."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
ELSEWHERE = {  # a file of the repository that is not below docs/: its path on the site
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CODE_OF_CONDUCT.md": "code-of-conduct.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "examples/langchain_retriever.py": "examples/langchain_retriever.py",
    "examples/llamaindex_retriever.py": "examples/llamaindex_retriever.py",
    "lightship.toml": "lightship.toml",
}
ELSEWHERE |= {f"examples/client.{ending}": f"examples/client.{ending}" for ending in ("go", "mjs", "py", "sh")}
_LINK = re.compile(r"(\]\()([^)#\s]+)")
_CHINESE_LINES = re.compile("(?<=[\u3001-\u9fff\uff01-\uff5e])\n(?=[\u3001-\u9fff\uff01-\uff5e])")
_FENCE = re.compile(r"^```(\w+) .*$", re.MULTILINE)


def on_files(files: Any, *, config: Any) -> Any:
    """Add the documents of the root to those of docs/."""
    from mkdocs.structure.files import File

    for name, uri in ELSEWHERE.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / name)))
    return files


def on_page_markdown(markdown: str, *, page: Any, config: Any, files: Any) -> str:
    """Return the page's text as the site needs it."""
    return for_site(markdown, page.file.src_uri)


def for_site(markdown: str, uri: str) -> str:
    """Return `markdown` with links between pages of the site; `uri` is the page's own path on it.

    A fence is left with its language alone: the tutorial's say more, for the test that runs them. Lines of Chinese are
    joined, since a browser shows a space for the end of a line.
    """
    here = next((name for name, of_site in ELSEWHERE.items() if of_site == uri), f"docs/{uri}")

    def linked(found: re.Match[str]) -> str:
        return found[1] + _link(found[2], posixpath.dirname(here), posixpath.dirname(uri))

    return _CHINESE_LINES.sub("", _FENCE.sub(r"```\1", _LINK.sub(linked, markdown)))


def _link(target: str, folder: str, folder_on_site: str) -> str:
    """Return a link that stands in a file of `folder` as it must be in a page of `folder_on_site`."""
    if re.match(r"[a-z]+:", target):
        return target
    path = posixpath.normpath(posixpath.join(folder, target))
    of_site = ELSEWHERE.get(path, path.removeprefix("docs/"))
    return posixpath.relpath(of_site, folder_on_site or ".")
