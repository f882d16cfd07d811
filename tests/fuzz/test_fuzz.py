"""Random requests against running programs, and random bytes against all that reads them: no 5xx, and no crash.

A short run by default; `make fuzz SECONDS=600` gives a long one. What a run finds is printed with what repeats it.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from lightship.crawler.parsing.encodings import media
from made import Caller, MadeShard, page
from readers import KINDS
from support import ROOT, Program, free_port, wait_until

Spawn = Callable[..., Program]

SECONDS = int(os.environ.get("FUZZ_SECONDS", "20"))  # for all, beside starting them
TARGETS = (
    "manifest", "enclosed", "install", "messages", "tokens", "position", "query", "conditions", "stored", "line", "sitemap", "feed", "web_page",
    "robots", "task", "word", "packed", "link", "repeats",
)  # fmt: skip
SECRET = "a secret of enough characters"
HERE = Path(__file__).parent
# What is left out, and why: a manifest or a digest that fits its schema may still contradict itself, and is refused then
UNCHECKED = "positive_data_acceptance"


PAGES = {
    media.RST: b"A\n=\n\n:a: b\n\n.. note:: c `d <e>`_ **f** |g|\n   :h: i\n\n.. |g| replace:: j\n\nk::\n\n  l\n\n* m\n\n=== ===\nn   o\n=== ===\n",
    media.ASCIIDOC: b"= A\nb c <d@e>\nv1, 2024-01-02\n:f: g\n\n[[h]]\n.I\n----\nj\n----\n\n* k {f} <<l,m>> link:n[o] *p*\n\n|===\n|q |r\n|===\n\ns:: t\n",
    media.RTF: rb"{\rtf1\ansicpg1252{\fonttbl{\f1\fcharset128 A;}}{\info{\title b}{\creatim\yr2024}}\pard\outlinelevel0 c\par\f1\'8c\'9f\u-10179?\bin1 x{\*\d e}}",
    media.MAIL: b"From: =?utf-8?q?a?= <b@c>\nDate: 1 Jan 2024 00:00 +0000\nContent-Type: multipart/mixed; boundary=d\n\n--d\n"
    b"Content-Type: text/plain; charset=gbk\nContent-Transfer-Encoding: base64\n\nYQ==\n--d\nContent-Type: message/rfc822\n\nSubject: e\n\nf\n--d--\n",
    media.NOTEBOOK: b'{"nbformat":4,"cells":[{"cell_type":"markdown","source":["# a"]},{"cell_type":"code","source":"b","outputs":[{"data":{"text/plain":"c"}}]}]}',
    media.WEBVTT: b"WEBVTT - a\nLanguage: de\n\n1\n00:01.000 --> 00:02.000\n<v b>c</v> {\\an8}&amp;\n\nNOTE d\n",
    media.XML: b"<?xml-stylesheet?><!DOCTYPE a><a xml:lang='de'><title>b</title><c>d<e>f</e>&nbsp;</c></a>",
}  # fmt: skip
EXAMPLES = {
    "web_page": tuple(bytes([KINDS.index(kind)]) + body for kind, body in PAGES.items()),
    "query": (
        b'(python OR "snake game") AND NOT java* site:www.example.org/docs intitle:"a b" lang:german',
        b"tar -xzf --help -monty +griffith filetype:pdf -(a b) inurl:x",
        b"https://www.example.org/wiki/K%C3%B6ln?a=b#c",
        "「搜索」 （a OR b） site：例え.jp".encode(),
    ),
    "conditions": (
        b"q=thing+brand:acme+price:1..3&f.at=2010..<2030&-f.stock=true&facets=brand,price,at,site,length&facet_size=2",
        b"f.category=a+%3E+1&f.price=..-1&sort=-price&group=brand&group_size=2&offset=1&limit=3",
        b"f.price=inf..nan&f.at=0001..9999-12-31T23:59:59.999999&f.date=1970&f.path=/a/b&f.language=german&f.type=PDF",
        b"q=-%22%22&sort=oldest&group=path&facets=date,path&f.length=5e-324..1e308&f.site=[::1]:80&page=999999999",
    ),
    "sitemap": (
        b"<urlset><url><loc>https://example.org/a</loc><lastmod>2024-05-06</lastmod></url></urlset>",
        b"<sitemapindex><sitemap><loc>https://example.org/1.xml</loc></sitemap></sitemapindex>",
        gzip.compress(b"https://example.org/a\nhttps://example.org/b"),
    ),
    "feed": (
        b"text/xml; charset=gbk\n<rss><channel><item><link>/a</link><pubDate>1 Jan 2024 00:00 GMT</pubDate></item></channel></rss>",
        b"\n<feed xml:base='/b/'><entry><link rel='alternate' href='a'/><updated>2024-01-02T03:04:05Z</updated></entry></feed>",
        b'\n{"version": "https://jsonfeed.org/version/1", "items": [{"id": 1, "url": "https://example.org/a"}]}',
    ),
    "robots": (
        b"/private/x\nUser-agent: *\nDisallow: /*a*b$\nAllow: /p\nCrawl-delay: 5\nSitemap: /s.xml",
        b"/%E3%83%84\nuser-agent lightship\ndisallow /\xe3\x83\x84",
    ),
    "task": (
        b'{"type": "page", "content_type": "", "url": "http://a/"}\n{"result": {"title": "t"}}',
        b'{"type": "sitemap", "url": "http://a/"}\n{"result": [[["http://a/", null]], []]}',
    ),
    "word": (
        (
            b"\6\n<w:document xmlns:w='http://schemas.openxmlformats.org/wordprocessingml/2006/main'><w:body><w:sdt><w:sdtContent>"
            b"<w:p><w:r><w:t>x</w:t></w:r></w:p></w:sdtContent></w:sdt><w:tbl><w:tr><w:tc/></w:tr></w:tbl></w:body></w:document>"
        ),
        b"\n<container xmlns='urn:oasis:names:tc:opendocument:xmlns:container'><rootfile full-path='OEBPS/content.opf'/></container>",
        (
            b"\3\n<o:x xmlns:o='urn:oasis:names:tc:opendocument:xmlns:office:1.0' xmlns:t='urn:oasis:names:tc:opendocument:xmlns:text:1.0'>"
            b"<o:body><t:h t:outline-level='2'>a<t:s/></t:h><t:p>b<t:note>c</t:note></t:p></o:body></o:x>"
        ),
        (
            b"\4\n<p:x xmlns:p='http://schemas.openxmlformats.org/presentationml/2006/main' xmlns:a='http://schemas.openxmlformats.org/drawingml/2006/main'"
            b" xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'><p:sldIdLst><p:sldId r:id='a'/></p:sldIdLst>"
            b"<p:sp><p:nvSpPr><p:nvPr><p:ph type='title'/></p:nvPr></p:nvSpPr><a:p><a:t>x</a:t></a:p></p:sp></p:x>"
        ),
        (
            b"\5\n<x xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main' xmlns:r='http://schemas.openxmlformats.org/officeDocument/2006/relationships'>"
            b"<sheets><sheet name='a' r:id='a'/></sheets><cellXfs><xf numFmtId='14'/></cellXfs><si><t>b</t></si>"
            b"<row><c t='s'><v>0</v></c><c s='0'><v>45000.5</v></c></row></x>"
        ),
    ),
    "packed": (b"gzip\n" + gzip.compress(b"text"), b"deflate, br\nx", b"zstd\n\x28\xb5\x2f\xfd"),
}


def schemathesis(port: int, folder: Path) -> None:
    """Ask all that the OpenAPI document of the server at `port` knows, with right and wrong data."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"http://127.0.0.1:{port}/openapi.json", "--no-color",
        f"--max-time={max(5, SECONDS * 3 // 10)}", "--mode=all", "--continue-on-failure", "--generation-database=none",
        f"--exclude-checks={UNCHECKED}", "--header", f"Authorization: Bearer {SECRET}", "--request-timeout=20",
    ]  # fmt: skip
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    done = subprocess.run(
        command, check=False, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS + 120
    )
    print(done.stdout[-3000:])
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]


def test_the_searchengine_answers_whatever_is_asked(spawn: Spawn, tmp_path: Path) -> None:
    port = free_port()
    program = spawn("searchengine", f"-addr=127.0.0.1:{port}", "-data=store", env={"LIGHTSHIP_TOKEN": SECRET})
    program.wait_for("listening")
    caller = Caller(port, SECRET)
    caller.push(MadeShard(tmp_path / "shard").put(*map(page, range(20))))
    schemathesis(port, tmp_path)
    assert caller.get("/livez").status == 200
    assert "Traceback" not in program.output


def test_the_intake_answers_whatever_is_sent(spawn: Spawn, tmp_path: Path) -> None:
    port = free_port()
    program = spawn(
        "indexer", f"-listen=127.0.0.1:{port}", "-log=sqlite://log.sqlite", "-data=ix",
        f"-searchengine=127.0.0.1:{free_port()}", env={"LIGHTSHIP_TOKEN": SECRET},
    )  # fmt: skip
    caller = Caller(port, SECRET)
    wait_until(lambda: caller.get("/readyz").status == 200, 60, "the intake is ready")
    schemathesis(port, tmp_path)
    assert caller.get("/livez").status == 200
    assert "Traceback" not in program.output


def seeds(target: str, folder: Path) -> Path:
    """Return a folder with inputs to begin with: valid manifests, or none."""
    corpus = folder / "corpus"
    corpus.mkdir()
    if target == "manifest":
        made = MadeShard(folder / "shard")
        for number in range(3):
            manifest = made.put(page(number)).delete(page(number - 2).url).manifest(positions={"0": number})
            (corpus / str(number)).write_bytes(msgspec.json.encode(manifest))
    for number, example in enumerate(EXAMPLES.get(target, ())):
        (corpus / str(number)).write_bytes(example)
    return corpus


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """Run targets.py, which fuzzes what it is told."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))}
    command, folder = [sys.executable, str(HERE / "targets.py")], tmp_path_factory.mktemp("fuzzer")
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:  # until its input ends
        yield process


@pytest.mark.skipif(
    sys.platform != "linux" or sys.version_info >= (3, 14), reason="atheris is for Linux and Python before 3.14"
)
@pytest.mark.parametrize("target", TARGETS)
def test_no_bytes_crash_what_reads_them(target: str, tmp_path: Path, fuzzer: subprocess.Popen[str]) -> None:
    seconds = max(2, SECONDS * 4 // 10 // len(TARGETS))
    options = (f"-max_total_time={seconds}", "-timeout=10", "-max_len=65536", f"-artifact_prefix={tmp_path}/")
    log = tmp_path / "output"
    assert fuzzer.stdin
    assert fuzzer.stdout
    print(json.dumps([str(log), target, *options, str(seeds(target, tmp_path))]), file=fuzzer.stdin, flush=True)
    status = fuzzer.stdout.readline()
    told = log.read_text(errors="replace")[-6000:]
    assert status == "0\n", told
    runs = re.search(r"Done (\d+) runs", told)
    assert runs, told
    print(f"{target}: {runs[1]} inputs in {seconds} s")
    assert int(runs[1]) > 20
