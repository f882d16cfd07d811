"""What the image's crawler reads with its libraries, and what it says of what is not in the image."""

from __future__ import annotations

import gzip
import io
import subprocess
import zipfile
from pathlib import Path

import brotli
import pytest
from fastwarc.warc import WarcRecord, WarcRecordType

from cluster.client import urls
from docker.conftest import Built, Run
from docker.test_container import HARDENED
from mockweb.site import MockSite
from support import wait_until

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
WORD = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
DOCX = f"<w:document {WORD}><w:body><w:p><w:r><w:t>Tidal power</w:t></w:r></w:p></w:body></w:document>"
SITEMAP = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>{}</loc></url></urlset>"


def warc() -> bytes:
    """Return an archive of one page, packed by br, which the crawler of the image does not ask for."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: br\r\n\r\n"
    record = WarcRecord()
    record.init_headers(WarcRecordType.response)
    record.headers["WARC-Target-URI"] = "https://example.org/archived"
    record.set_bytes_content(head + brotli.compress(b"<title>Archived</title><p>nuclear power"))
    record.is_http = True
    stream = io.BytesIO()
    record.write(stream)
    return gzip.compress(stream.getvalue())


def wacz() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        packed.writestr("archive/data.warc.gz", warc())
    return stream.getvalue()


def docx() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("word/document.xml", DOCX)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["old.warc.gz", "old.wacz"])
def test_archives_and_tables(run: Run, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(wacz() if name.endswith(".wacz") else warc())
    (tmp_path / "table.csv").write_text("url,title,text\nhttps://example.org/row,Row,water power\n")
    tmp_path.chmod(0o755)
    options = (*HARDENED, "--tmpfs=/data", f"--volume={tmp_path}:/docs:ro")
    container = run(
        "/lightship", "up", "--host=0.0.0.0", "--replicas=1", f"/docs/{name}", "/docs/table.csv", options=options
    )
    found = ["https://example.org/archived", "https://example.org/row"]
    wait_until(lambda: sorted(urls(container.port, "power")) == found, 60, "the archived page and the row")
    assert "Traceback" not in container.output


def test_a_site_with_a_sitemap_and_documents(run: Run) -> None:
    with MockSite() as site:
        site.page("/robots.txt", f"Sitemap: {site.url('/map.xml')}", content_type="text/plain")
        site.page("/map.xml", SITEMAP.format(site.url("/of-the-map")), content_type="application/xml")
        site.page("/of-the-map", "<title>Of the map</title>")
        site.page("/a.docx", docx(), content_type=DOCX_TYPE)
        site.page("/a.pdf", b"%PDF-1.7 x", content_type="application/pdf")
        site.page("/", "<title>Start</title><a href=/a.docx>a</a> <a href=/a.pdf>b</a>")
        container = run("/crawler", site.url("/"), options=(*HARDENED, "--tmpfs=/data", "--network=host"))
        wait_until(lambda: "/of-the-map" in site.counts(), 30, "the page of the sitemap")
        wait_until(lambda: "extra 'documents'" in container.output, 30, "what is missing for a PDF")
        asked = {headers["Accept-Encoding"] for _, _, headers in site.requests}
        assert asked == {"gzip, deflate"}
        assert "Traceback" not in container.output
        assert container.stop()[0] == 0
    assert "put 3, deleted 0" in container.output


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("git+https://example.org/a",), "needs the program git, which is not installed"),
        (("-render=*", "https://example.org/"), "-render needs the extra 'browser'"),
    ],
)
def test_what_is_not_in_the_image_is_named(built: Built, arguments: tuple[str, ...], problem: str) -> None:
    command = ["docker", "run", "--rm", "--network=none", built.name, "/crawler", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert problem in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
