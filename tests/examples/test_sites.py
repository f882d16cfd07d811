"""The box in sites that MkDocs and Docusaurus build as docs/embedding.md says: it finds their pages and leads to them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, expect

from browser.test_accessible import problems
from examples.conftest import MODULES, TEXT
from support import Program, free_port, require, wait_until

PAGES = {
    "index": "# Harbour\n\nHow the harbour works.\n\n[Lamp](lamp.md) [Horn](horn.md)\n",
    "lamp": "# Lamp\n\nLight it at dusk.\n\n## Trimming the wick\n\nTrim the wick every four hours of the night.\n",
    "horn": "# Horn\n\nIt sounds twice a minute in fog.\n",
}
MKDOCS = "site_name: Harbour\ntheme: {name: material, custom_dir: overrides, font: false}\nplugins: []\n"
DOCUSAURUS = """module.exports = {
  title: "Harbour", url: "http://localhost", baseUrl: "/", onBrokenLinks: "throw",
  presets: [["classic", { docs: { routeBasePath: "/", sidebarPath: undefined }, blog: false }]],
  %s
};"""
SERVER = "https://search.example.org"
# Scripts and styles in the pages are their generators'; the box gets by with what docs/embedding.md names
POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "script-src 'self' 'unsafe-inline' {server}/box.js; connect-src {server}"
)


def documented(name: str, kind: str) -> str:
    """Return the block that says how the box comes into a site made by `name`."""
    found = re.search(rf"^\*\*{name}\*\*.*?^```{kind}\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert found
    assert SERVER in found[1]
    return found[1]


def mkdocs(folder: Path, server: str) -> Path:
    program = shutil.which("mkdocs", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    require("mkdocs (make examples)", program)
    (folder / "mkdocs.yml").write_text(MKDOCS)
    (folder / "overrides").mkdir()
    (folder / "overrides" / "main.html").write_text(documented("MkDocs", "html").replace(SERVER, server))
    subprocess.run([str(program), "build", "--strict", "--quiet"], cwd=folder, check=True)
    return folder / "site"


def docusaurus(folder: Path, server: str) -> Path:
    program = MODULES / ".bin" / "docusaurus"
    require("what npm installs from examples/package.json (make examples)", program.exists())
    require("node", shutil.which("node"))
    (folder / "node_modules").symlink_to(MODULES.resolve())
    (folder / "package.json").write_text('{"private": true}')
    config = DOCUSAURUS % documented("Docusaurus", "js").replace(SERVER, server)
    (folder / "docusaurus.config.js").write_text(config)
    index = folder / "docs" / "index.md"
    index.write_text(f"---\nslug: /\n---\n{index.read_text()}")
    own = {
        "DISABLE_VERSION_CHECK": "1",
        "DOCUSAURUS_NO_PERSISTENT_CACHE": "true",
    }  # its cache would be of another folder
    subprocess.run([program, "build"], cwd=folder, check=True, env={**os.environ, **own})
    return folder / "build"


@pytest.fixture(params=[mkdocs, docusaurus], ids=lambda build: build.__name__)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Build a site, serve it, and crawl it; return its address."""
    (tmp_path / "docs").mkdir()
    for name, text in PAGES.items():
        (tmp_path / "docs" / f"{name}.md").write_text(text)
    port, search = free_port(), free_port()
    base, server = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{search}"
    built = request.param(tmp_path, server)
    meta = f'<head><meta http-equiv="Content-Security-Policy" content="{POLICY.format(server=server)}">'
    for path in built.rglob("*.html"):
        path.write_text(re.sub("<head>", meta, path.read_text(), count=1))
    (built / "favicon.ico").touch()  # which a browser asks for
    with ExitStack() as stack:
        for module, *arguments in (
            ("http.server", str(port), "--bind=127.0.0.1", f"--directory={built}"),
            ("lightship", "up", f"{base}/", f"--port={search}", f"--origins={base}", f"--data={tmp_path}/data"),
        ):
            log = tmp_path / f"{module}.log"
            stack.callback(Program(module, *arguments, folder=tmp_path, log=log).stop)
            if module == "http.server":
                wait_until(lambda: urlopen(base), 20, "the site is served")
        wait_until(
            lambda: b"/lamp/" in urlopen(f"{server}/search?q=wick&format=json").read(), 60, f"it is crawled: {tmp_path}"
        )
        yield base


def test_the_box_finds_and_leads_to_a_page(site: str, browser: Browser) -> None:
    page, said = browser.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{site}/horn/")
    expect(page.locator("lightship-search").get_by_role("button", name="Search").first).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("trim the wi")
    option = page.get_by_role("option").filter(has_text="Trimming the wick")
    expect(option.locator("mark").first).to_be_visible()
    problems(page)  # loads axe; what the site itself breaks is not ours
    assert page.evaluate("axe.run('lightship-search').then((found) => found.violations.map((each) => each.id))") == []
    expect(option).to_have_attribute("href", re.compile("/lamp/#trimming-the-wick$"))
    option.click()
    page.wait_for_url(f"{site}/lamp/#trimming-the-wick")
    expect(page.get_by_role("heading", name="Trimming the wick")).to_be_visible()
    assert said == []
    page.goto(f"{site.replace('127.0.0.1', 'localhost')}/horn/")  # another origin, which is not allowed
    page.keyboard.press("Control+k")
    page.keyboard.type("trim the wi")
    expect(page.locator("lightship-search p:visible").first).to_have_text("Search is not available right now.")
    assert any("CORS policy" in each for each in said)
    page.close()
