from __future__ import annotations

from pathlib import Path

import pytest

from lightship import __version__
from lightship.config import CrawlerSettings, SearchengineSettings, parse_settings, read_rules
from lightship.core.errors import ConfigurationError
from lightship.deploy.parts import crawler_command, indexer_command, searchengine_command
from lightship.deploy.reading import MAX_BYTES, parse_topology, read_topology
from lightship.deploy.topology import ENVIRONMENTS, Topology
from support import ROOT

SHIPPED = (ROOT / "lightship.toml").read_text()


def test_the_shipped_file_is_a_production_system_in_less_than_20_lines() -> None:
    assert len(SHIPPED.splitlines()) < 20
    topology = parse_topology(SHIPPED, "production")
    assert (topology.shards, topology.replicas, topology.log, topology.standbys) == (2, 3, 3, 1)
    assert topology.sources


def test_the_shipped_file_says_something_of_every_environment() -> None:
    topologies = [parse_topology(SHIPPED, environment) for environment in ENVIRONMENTS]
    assert len({(found.host, found.replicas, found.shards) for found in topologies}) == len(ENVIRONMENTS)


def test_the_shipped_file_names_this_version() -> None:
    assert parse_topology(SHIPPED, "production").image == f"lightship:{__version__}"


def test_an_empty_file_is_the_smallest_deployment() -> None:
    topology = parse_topology("", "dev")
    assert topology == Topology(environment="dev")
    assert (topology.shards, topology.replicas, topology.standbys, topology.log, topology.sources) == (1, 1, 0, 0, ())


def test_who_may_search_is_an_argument_of_the_searchengines() -> None:
    text = 'closed = true\nrate = "10/s"\norigins = ["https://a.example"]\n[dev]\nclosed = false\n'
    closed, dev = (searchengine_command(parse_topology(text, environment), 5) for environment in ("production", "dev"))
    assert {"-closed", "-rate=10/s", "-origins=https://a.example"} <= set(closed)
    assert "-closed" not in dev
    settings, _ = parse_settings(SearchengineSettings, "searchengine", closed[1:])
    assert (settings.closed, settings.rate) == (True, "10/s")
    with pytest.raises(ConfigurationError, match="line 2: origins"):
        parse_topology('closed = true\norigins = ["*"]\n', "production")


def test_collections_reach_searchengines_and_are_declared_for_indexers() -> None:
    text = '[collections]\ndocs = "The docs: all"\nblog = ""\n'
    topology = parse_topology(text, "dev")
    settings, _ = parse_settings(SearchengineSettings, "searchengine", searchengine_command(topology, 5)[1:])
    assert settings.collections == "docs:The docs: all,blog:Blog"
    assert "-fields=collection:keyword" in indexer_command(topology, "log", "indexer-0", 0, to="x:1")
    by_rules = parse_topology('sources = ["./a"]\n[rules."./a"]\ncollection = "docs"\n', "dev")
    assert by_rules.declaration == "collection:keyword"
    for wrong, told in (
        ('[collections]\ndocs = "a, b"', "line 1: collections: .* is not a table of titles without commas"),
        ('[collections]\nDocs = "a"', "line 1: collections: collection 'Docs': a name"),
        (f'{text}[fields]\ncollection = "number"\n', "line 5: fields.collection: .* not a number"),
    ):
        with pytest.raises(ConfigurationError, match=told):
            parse_topology(wrong, "dev")


def test_an_environment_replaces_key_by_key() -> None:
    text = 'shards = 4\nindexer = { memory = "3GiB", cpu = 3 }\n[test]\nshards = 2\nindexer.memory = "64MiB"\n'
    test, production = (parse_topology(text, environment) for environment in ("test", "production"))
    assert (test.shards, test.indexer.memory, test.indexer.cpu) == (2, 64 << 20, 3)
    assert (production.shards, production.indexer.memory, production.indexer.cpu) == (4, 3 << 30, 3)
    assert test.indexer.disk == Topology().indexer.disk


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[fields]\nprice = 1", "line 1: fields: field 'price': kind '1' must be one of keyword, number"),
        ('fields = "price:number"', 'line 1: fields: "price:number" is not a table; write [fields]'),
        ("\nshards = 0", "line 2: shards: must be from 1 to 64"),
        ("shards = 65", "line 1: shards: must be from 1 to 64"),
        ("shards = 1.0", "line 1: shards: 1.0 is not a whole number"),
        ("shards = true", "line 1: shards: true is not a whole number"),
        ('replicas = "3"', 'line 1: replicas: "3" is not a whole number'),
        ("standbys = 9", "line 1: standbys: must be from 0 to 8"),
        ("chaos = 1", "line 1: chaos: 1 is neither true nor false"),
        ("log = 2", "line 1: log: must be 0 (a file), 1, 3 or 5 servers, not 2"),
        ("# one\n\nshrads = 2", "line 3: shrads: unknown key; known keys: name, image,"),
        ("[dev]\nshards = 1\n[prod]\nshards = 2", "line 3: prod: unknown key"),
        ("[dev]\nshards = 1\nshrads = 2", "line 3: dev.shrads: unknown key"),
        ("[dev.staging]\nshards = 1", "line 1: dev.staging: unknown key"),
        ("[staging]\n[staging.indexer]\n\ndisc = 1", "line 4: staging.indexer.disc: unknown key; known keys: memory, cpu, disk"),
        ("indexer = 5", "line 1: indexer: 5 is not a table"),
        ("dev = 5", "line 1: dev: 5 is not a table"),
        ('proxy.disk = "1GiB"', "line 1: proxy.disk: unknown key; known keys: memory, cpu, image"),
        ('crawler.memory = "1GB"', 'line 1: crawler.memory: "1GB" is not a size; write it like "512MiB"'),
        ("[test]\n\ncrawler.memory = 512", "line 3: test.crawler.memory: 512 is not a size"),
        ('nats.memory = "-1GiB"', 'line 1: nats.memory: "-1GiB" is not a size'),
        ('nats.memory = "0GiB"', 'line 1: nats.memory: "0GiB" is too small; it must be from 32MiB'),
        ('nats.disk = "9999999TiB"', 'line 1: nats.disk: "9999999TiB" is too large'),
        ("indexer.cpu = 0", "line 1: indexer.cpu: 0 is not a number of processors from 0.05 to 256"),
        ("indexer.cpu = nan", "line 1: indexer.cpu: nan is not a number of processors"),
        ("shards = 1\nreplicas = 1\nshards = 2\n", "line 3: duplicate key or table"),
        ("[dev]\nshards = 1\n[dev]\nreplicas = 2\n", "line 3: duplicate key or table"),
        ("[dev]\nshards = 1\nreplicas = 1\nshards = 2", "line 4: duplicate key or table"),
        ("indexer = { cpu = 1, cpu = 2 }\n", "line 1: duplicate key or table"),
        ('sources = [\n "https://a.example/",\n "b",\n "https://a.example/",\n]', 'line 4: sources: "https://a.example/" is listed twice'),
        ("sources = [\n 5,\n]", "line 2: sources: 5 is not a website"),
        ('sources = "https://a.example/"', 'line 1: sources: "https://a.example/" is not a list'),
        ('sources = ["https://a.example/$(id)"]', 'line 1: sources: "https://a.example/$(id)" has a character'),
        ('sources = ["docs:/etc"]', 'line 1: sources: "docs:/etc" has a character'),
        ('sources = ["-data=/etc"]', 'line 1: sources: "-data=/etc" is not a website'),
        ('sources = ["https://me:secret@a.example/"]', "line 1: sources: the URL contains a password"),
        ('sources = ["https://a.example/"]\n[rules."https://b.example/"]\n', "line 2: rules.https://b.example/: is not one of the sources"),
        ('[rules."https://a.example/"]\n\nexclude = ["a/b"]', 'line 3: rules.https://a.example/.exclude: "a/b" begins neither'),
        ('[rules."https://a.example/"]\nexlude = []', "line 2: rules.https://a.example/.exlude: unknown rule; known rules: include"),
        ('[rules."https://a.example/"]\ninclude = ["/$a/"]', "line 1: rules: $ is special in generated files"),
        ("[crawl]\nrevisit = 0", "line 2: crawl.revisit: must be from 1 to"),
        ("[crawl]\n\nfollow_links = 1", "line 3: crawl.follow_links: 1 can't be the value of this setting"),
        ("[crawl]\nconcurrency = true", "line 2: crawl.concurrency: true can't be the value"),
        ('[crawl]\ncredentials = "x"', "line 2: crawl.credentials: can't be set here; names files, which are not in"),
        ("[crawl]\nrevist = 1", "line 2: crawl.revist: can't be set here; known: include, exclude, concurrency"),
        ('[crawl]\nexclude = ["a/b"]', 'line 2: crawl.exclude: "a/b" begins neither'),
        ("crawl = 1", "line 1: crawl: 1 is not a table; write [crawl]"),
        ("rules = 1", "line 1: rules: 1 is not a table of sources"),
        ('image = "Lightship:1"', 'line 1: image: "Lightship:1" is not an image'),
        ('image = "x:1\\nuser: root"', "line 1: image: "),
        ('host = "search example.org"', 'line 1: host: "search example.org" is not a host name'),
        ('name = "../../etc"', 'line 1: name: "../../etc" is not a name'),
        ("port = 65000", "line 1: port: must be from 1 to 64525"),
        ("replicas = 5\n[staging]\nreplicas_max = 4", "line 3: staging.replicas_max: 4 is less than the 5 replicas of staging"),
        ("replicas_max = 4\n[staging]\nreplicas = 5", "line 1: replicas_max: 4 is less than the 5 replicas of staging"),
        ("shards = ", "line 1: Invalid value"),
        ("shards = 1\nwhat is this", "line 2: "),
        ("a = '\n", "line 1: "),
    ],
)  # fmt: skip
@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_what_is_wrong_is_told_with_its_line_in_every_environment(text: str, told: str, environment: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        parse_topology(text, environment, "my.toml")
    assert str(error.value).startswith(f"my.toml, {told}")


def test_an_unknown_environment_is_told_with_those_that_exist() -> None:
    with pytest.raises(
        ConfigurationError, match="unknown environment 'prod'; known environments: dev, test, staging, production"
    ):
        parse_topology("", "prod")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"can't read the deployment file .*missing.toml: No such file"):
        read_topology(str(tmp_path / "missing.toml"), "dev")


@pytest.mark.parametrize("content", [b"#" * (MAX_BYTES + 1), b"\xff\xfe", b"a = \x00"])
def test_a_file_of_another_kind_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "binary.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"binary\.toml"):
        read_topology(str(path), "dev")


def test_fields_are_declared_in_a_table() -> None:
    text = '[fields]\nprice = "number"\nbrand = "keyword"\n[test.fields]\nbrand = "text"\n'
    assert parse_topology(text, "production").fields == "brand:keyword,price:number"
    assert parse_topology(text, "test").fields == "brand:text"
    assert "-fields=brand:text" in indexer_command(parse_topology(text, "test"), "log", "indexer-0", 0, to="x:1")
    assert "-fields=brand:text" in crawler_command(parse_topology(text, "test"), "log")


def test_rules_are_one_argument_of_the_crawler() -> None:
    text = """sources = ["https://a.example/", "https://b.example/"]
    [rules."https://a.example/"]
    exclude = ["*.pdf"]
    fields = { name = "50% \\"off\\"" }
    [dev]
    sources = ["https://b.example/"]
    """
    production, dev = (parse_topology(text, environment) for environment in ("production", "dev"))
    (argument,) = (word for word in crawler_command(production, "log") if word.startswith("-rules="))
    (rules,) = read_rules(argument.removeprefix("-rules="))
    assert (rules.source, rules.exclude, rules.fields) == ("https://a.example/", ("*.pdf",), {"name": '50% "off"'})
    assert not any(word.startswith("-rules") for word in crawler_command(dev, "log"))  # rules of sources that it lacks


def test_settings_of_the_crawl_are_arguments_of_the_crawler() -> None:
    text = (
        '[crawl]\nrevisit = 600\nexclude = ["*.pdf", "/a/"]\nfollow_links = true\ncontact = "me@a.example"\ndelay = 0'
    )
    command = crawler_command(parse_topology(text, "production"), "log")
    assert command[3:] == ("-exclude=*.pdf,/a/", "-revisit=600.0", "-contact=me@a.example", "-follow-links")
    settings, _ = parse_settings(CrawlerSettings, "crawler", command[1:])
    assert (settings.revisit, settings.exclude, settings.follow_links) == (600, ("*.pdf", "/a/"), True)
