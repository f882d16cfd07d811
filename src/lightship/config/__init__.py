"""Settings: every one has its default and its help here, and nowhere else.

A command line is read strictly: `-flag=value`, `--flag value` and `--flag=value` all work, an unknown flag or
`LIGHTSHIP_` variable is an error. `docs/configuration.md` lists the same settings; a test compares the two.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, TypeVar

from lightship.config.setting import (
    address,
    addresses,
    header,
    host,
    names,
    number,
    optional_address,
    optional_addresses,
    public,
    setting,
)
from lightship.core.errors import ConfigurationError
from lightship.core.model import PARTITIONS

TOKEN_VARIABLE = "LIGHTSHIP_TOKEN"  # noqa: S105 (a name, not a token)
ADMIN_TOKEN_VARIABLE = "LIGHTSHIP_ADMIN_TOKEN"  # noqa: S105
LOG_PASSWORD_VARIABLE = "LIGHTSHIP_LOG_PASSWORD"  # noqa: S105
TRUST_VARIABLE, CONTAINERS = "LIGHTSHIP_TRUST", "containers"
TIED_VARIABLE = "LIGHTSHIP_TIED"
VARIABLES = {
    TOKEN_VARIABLE: "secret of those who push: RPC and intake; the old one may follow a new one after a comma; none: only programs of this machine may",
    ADMIN_TOKEN_VARIABLE: "secret of those who administer (promote, roll back), good for pushing too; none: the other one is good for all",
    TRUST_VARIABLE: "`containers`: without a secret the containers beside this one may do what programs of this machine may; our image sets it",
    LOG_PASSWORD_VARIABLE: "password of the user that `-log=nats://user@…` names without one",
    TIED_VARIABLE: "when not empty, a program stops when its standard input ends; `lightship up` ties its parts with it",
}


UP_DATA = "lightship-data/up"
DATA_OF_UP = "data folder of a `lightship up` of this machine, whose secret is used when LIGHTSHIP_TOKEN is not set"

TLS_CERT = "file with the certificate (PEM, with its chain) that this listener shows; when empty, no TLS"
TLS_KEY = "file with the certificate's key (PEM); when empty, it is in the same file"
TLS_CA = "file with the authorities (PEM) that must have signed the certificates of what it calls, or `system`; when empty, no TLS"


@dataclasses.dataclass(frozen=True)
class SearchengineSettings:
    """Settings of `searchengine`."""

    addr: str = setting(":8080", "address to listen on, for people, programs and indexers", address)
    data: str = setting("", "data folder; when empty, lightship-data/searchengine-PORT")
    public: str = setting(
        "", "url under which people reach it, like https://search.example.org/, when that is a proxy's; for browsers that add it",
        public,
    )  # fmt: skip
    workers: int = setting(1, "processes that share the port and the data folder", number(1, 64))
    drain: float = setting(
        2.0, "seconds after SIGTERM in which queries are still answered while /readyz says 503", number(0, 3600, float)
    )
    position_wait: float = setting(
        5.0, "seconds that a search with min_position waits for it, before 503", number(0, 60, float)
    )
    tls_cert: str = setting("", TLS_CERT)
    tls_key: str = setting("", TLS_KEY)
    tls_ca: str = setting("", TLS_CA)
    deadline: float = setting(
        2.0, "seconds from a query's arrival to its answer, otherwise 503", number(0.01, 60, float)
    )
    queue: int = setting(
        500,
        "queries under way at once; one beyond them gets 503; a quarter as many may wait for their min_position",
        number(1, 100_000),
    )
    connections: int = setting(
        1000,
        "connections at once; when there are more, one that waits is ended, or a new one gets 503",
        number(1, 100_000),
    )
    per_address: int = setting(
        0,
        "connections at once of one address, or of one IPv6 network (/64); 0: half of -connections",
        number(0, 100_000),
    )
    guard: float = setting(
        0.9,
        "share of the served documents that a new layout needs to be served by itself; 0: none",
        number(0, 1, float),
    )
    keep_former: float = setting(
        3600.0, "seconds for which the former layout is kept for a rollback; 0: not kept", number(0, 31_536_000, float)
    )
    scrub: float = setting(
        8.0,
        "MB a second of the installed files that are read again, and compared with their digests; 0: only when a search fails",
        number(0, 10_000, float),
    )


@dataclasses.dataclass(frozen=True)
class IndexerSettings:
    """Settings of `indexer`."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, with commas; all addresses of each name", addresses
    )
    log: str = setting(
        "", "document log to index, like sqlite:///data/log.sqlite or nats://host:4222/name; when empty, a clock"
    )
    data: str = setting("", "data folder; when empty, lightship-data/indexer-SHARD, or a temporary one for a clock")
    listen: str = setting("", "address on which documents are taken in, like :9090; when empty, none", optional_address)
    shard: int = setting(0, "number of this shard, from 0", number(0, PARTITIONS - 1))
    shards: int = setting(1, "number of shards of the layout", number(1, PARTITIONS))
    lease: float = setting(
        5.0, "seconds after which a standby takes over from an indexer that is silent", number(0.5, 3600, float)
    )
    heap: int = setting(
        0,
        "memory that new documents may fill before a segment is written, in MiB; 0: 256, or an eighth of the "
        "memory that there is, if that is less",
        number(0, 8192),
    )
    threads: int = setting(
        0, "threads that build segments; 0: one for each processor that may be used, 4 at most", number(0, 64)
    )
    tls_cert: str = setting("", TLS_CERT)
    tls_key: str = setting("", TLS_KEY)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class CrawlerSettings:
    """Settings of `crawler`; its sources are given as arguments."""

    log: str = setting("sqlite://lightship-data/log.sqlite", "document log to append changes to, as for the indexer")
    crawler: int = setting(0, "number of this crawler, from 0, of those that divide the sources' hosts", number(0, 63))
    crawlers: int = setting(
        1, "number of crawlers that divide the sources' hosts, each with the same sources", number(1, 64)
    )
    data: str = setting("lightship-data/crawler", "data folder, for the frontier")
    listen: str = setting(
        "", "address on which it explains what became of a page, like :9190; when empty, none", optional_address
    )
    concurrency: int = setting(16, "requests under way at once", number(1, 1000))
    readers: int = setting(2, "processes that read what was fetched; one site never has all of them", number(1, 64))
    per_host: int = setting(4, "requests under way at once to one host", number(1, 100))
    delay: float = setting(
        0.0, "seconds between two requests to one host; robots.txt may ask for more", number(0, 3600, float)
    )
    timeout: float = setting(30.0, "seconds that one fetch may take in all", number(0.1, 3600, float))
    max_bytes: int = setting(8 << 20, "bytes of one page, after decompression; more is cut", number(1024, 1 << 30))
    max_pages: int = setting(100_000, "pages of one source", number(1, 100_000_000))
    max_redirects: int = setting(10, "redirects that are followed from one url", number(0, 50))
    max_depth: int = setting(100, "links that a page may be away from its source", number(0, 1_000_000))
    max_site_bytes: int = setting(
        10 << 30, "bytes fetched of one site in a day; 0: as many as there are", number(0, 1 << 50)
    )
    revisit: float = setting(
        3600.0, "seconds after which a page is looked at again, until it is known how often it changes",
        number(1, 31_536_000, float),
    )  # fmt: skip
    revisit_least: float = setting(
        0.0, "seconds between two visits to a page that always changes; 0: a sixtieth of -revisit",
        number(0, 31_536_000, float),
    )  # fmt: skip
    revisit_most: float = setting(
        0.0, "seconds between two visits to a page that never changes; 0: 24 times -revisit",
        number(0, 31_536_000, float),
    )  # fmt: skip
    hold: float = setting(
        0.3, "share of a site's documents that may vanish at once; when more would, they are kept; 1: all may",
        number(0, 1, float),
    )  # fmt: skip
    accept: tuple[str, ...] = setting(
        (), "sites, like https://example.org, with commas, whose documents may vanish as they did", names
    )
    tls_cert: str = setting("", TLS_CERT)
    tls_key: str = setting("", TLS_KEY)
    render: tuple[str, ...] = setting(
        (), "hosts, with commas, whose pages are made by scripts: read through a browser; * for all", names
    )
    user_agent: str = setting("Lightship/0.1", "User-Agent header; its first word is the robots.txt name", header)
    contact: str = setting(
        "", "url or mail address of whom sites may write to about this crawler; it goes into the User-Agent", header
    )
    credentials: str = setting(
        "",
        "TOML file with passwords, tokens, cookies and client certificates by host (docs/crawling.md); when empty, none",
    )
    follow_links: bool = setting(False, "follows symbolic links that lead out of a folder that is a source")
    archive: str = setting("", "folder in which every page that is fetched is kept, as WARC; when empty, none")
    tls_ca: str = setting("", TLS_CA)

    @property
    def agent(self) -> str:
        """The name that robots.txt and robots' meta elements call this crawler by."""
        return self.user_agent.partition("/")[0].partition(" ")[0]


@dataclasses.dataclass(frozen=True)
class UpSettings:
    """Settings of `lightship up`; its sources are given as arguments."""

    shards: int = setting(1, "number of indexers", number(1, PARTITIONS))
    replicas: int = setting(1, "number of searchengines, on PORT, PORT+1, …", number(1, 64))
    standbys: int = setting(0, "indexers that stand by for each shard", number(0, 8))
    host: str = setting(
        "127.0.0.1", "address on which all parts listen; 0.0.0.0: on every one, then whoever reaches the machine can search",
        host,
    )  # fmt: skip
    port: int = setting(8080, "port of the search page", number(1, 65535))
    intake: int = setting(0, "port on which documents are added: INTAKE+N at shard N; 0: PORT + 1010", number(0, 65535))
    data: str = setting(UP_DATA, "data folder of all parts, and of the secret that they share")
    chaos: bool = setting(False, "lets `lightship chaos` break it on purpose")


@dataclasses.dataclass(frozen=True)
class DeploySettings:
    """Settings of `lightship deploy`; its argument is the target."""

    env: str = setting("production", "environment: dev, test, staging or production")
    file: str = setting("lightship.toml", "the deployment file")
    output: str = setting("", "folder to write to; when empty, deploy/ENV/TARGET")
    image: str = setting("", "image to deploy, like registry.example.org/lightship:1.2; when empty, that of the file")
    diff: bool = setting(False, "shows what would change, and writes nothing; status 2 when something would")


@dataclasses.dataclass(frozen=True)
class AddSettings:
    """Settings of `lightship add`; its files are given as arguments."""

    indexer: tuple[str, ...] = setting(
        ("localhost:9090",),
        "host:port of indexers' -listen, with commas; the next one when one does not answer",
        addresses,
    )
    batch: int = setting(1000, "documents of one request", number(1, 10_000))
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class StatusSettings:
    """Settings of `lightship status`."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, with commas", addresses
    )
    indexer: tuple[str, ...] = setting((), "host:port of indexers' -listen to ask too, with commas", optional_addresses)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class ExplainSettings:
    """Settings of `lightship explain`; its argument is the url."""

    crawler: tuple[str, ...] = setting(
        ("localhost:9190",), "host:port of the crawlers' -listen, with commas", optional_addresses
    )
    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, with commas", optional_addresses
    )
    query: str = setting("", "a query: say how it ranks the page")
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class TestSettings:
    """Settings of `lightship test`."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, with commas; all addresses of each name", addresses
    )
    indexer: tuple[str, ...] = setting(
        (),
        "host:port of indexers' -listen, with commas, to add documents through, which are deleted at the end; when empty, nothing is changed",
        optional_addresses,
    )
    wait: float = setting(60.0, "seconds to wait until all are ready", number(0, 3600, float))
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class ChaosSettings:
    """Settings of `lightship chaos`."""

    data: str = setting("", "data folder of a `lightship up --chaos` on this machine, which is to be broken")
    project: str = setting("", "Compose project that is to be broken, like lightship-staging, on this machine")
    seconds: float = setting(600.0, "seconds of faults", number(1, 604_800, float))
    seed: int = setting(0, "number that the faults are drawn by; 0: a random one, which is shown", number(0, 999_999))
    every: float = setting(5.0, "seconds between two faults, on average", number(0.1, 3600, float))
    changes: float = setting(20.0, "changes a second", number(0.1, 10_000, float))
    queries: float = setting(20.0, "queries a second to each searchengine", number(0.1, 10_000, float))
    documents: int = setting(1000, "documents that are changed, of the test's own", number(10, 9000))
    report: str = setting("", "file for the report, as JSON; when empty, none")
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class CheckSettings:
    """Settings of `lightship check`; its arguments are folders."""


@dataclasses.dataclass(frozen=True)
class LogSettings:
    """Settings of `lightship log`; its arguments are `backup` or `restore`, and the file."""

    log: str = setting(
        "sqlite://lightship-data/up/log.sqlite", "document log to back up, or to restore to, as for the indexer"
    )
    replace: bool = setting(
        False, "restores over a log that holds documents already; it is kept beside the new one, under another name"
    )
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class PromoteSettings:
    """Settings of `lightship promote`; its argument is the layout."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, with commas; all addresses of each name", addresses
    )
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class RollbackSettings:
    """Settings of `lightship rollback`."""

    searchengine: tuple[str, ...] = setting(
        ("localhost:8080",), "host:port of the searchengines, with commas; all addresses of each name", addresses
    )
    data: str = setting(UP_DATA, DATA_OF_UP)
    tls_ca: str = setting("", TLS_CA)


@dataclasses.dataclass(frozen=True)
class ProbeSettings:
    """Settings of `lightship probe`; its argument is the url, by default PROBE_URL."""

    seconds: float = setting(3.0, "seconds that the answer may take", number(0.1, 60, float))


Settings = TypeVar("Settings")


class _Help(argparse.HelpFormatter):
    """Shows each flag once, though it may be written with one dash or two."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if action.dest == "help" or not action.option_strings:
            return super()._format_action_invocation(action)
        return f"{action.option_strings[0]} {action.metavar or ''}".rstrip()


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{self.prog}: {message}; see {self.prog} --help")


def flag_of(field: dataclasses.Field[Any]) -> str:
    """Return the flag of a setting's field, without dashes."""
    return field.name.replace("_", "-")


def metavar_of(field: dataclasses.Field[Any]) -> str:
    """Return what stands for a setting's value in the help: the noun that its text begins with."""
    words = (word.strip(",:") for word in str(field.metadata["help"]).split())
    return next(word for word in words if word not in ("a", "the", "data", "document", "TOML")).upper()


def parse_settings(
    kind: type[Settings], program: str, arguments: Sequence[str], *, positional: str = "", description: str = ""
) -> tuple[Settings, list[str]]:
    """Return the settings that a command line gives, and its positional arguments (allowed when `positional` names them).

    Raises ConfigurationError for an unknown flag or a bad value; `--help` prints and exits as usual.
    """
    parser = _Parser(prog=program, description=description, allow_abbrev=False, formatter_class=_Help)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        name, default = flag_of(field), field.default
        if isinstance(default, bool):
            parser.add_argument(
                f"-{name}", f"--{name}", dest=field.name, action="store_true", help=field.metadata["help"]
            )
            continue
        shown = ",".join(default) if isinstance(default, tuple) else default
        parser.add_argument(
            f"-{name}", f"--{name}", dest=field.name, default=default, type=_named(field.metadata["parse"]),
            metavar=metavar_of(field), help=f"{field.metadata['help']} (default: {shown})".replace("%", "%%"),
        )  # fmt: skip
    if positional:
        parser.add_argument("positional", nargs="*", metavar=positional)
    check_variables(os.environ)
    values = vars(parser.parse_intermixed_args(list(arguments)))
    rest = values.pop("positional", [])
    return kind(**values), rest


def _named(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return convert


def check_variables(environment: Mapping[str, str]) -> None:
    """Raise ConfigurationError for a `LIGHTSHIP_` variable that does not exist."""
    unknown = sorted(name for name in environment if name.startswith("LIGHTSHIP_") and name not in VARIABLES)
    if unknown:
        raise ConfigurationError(f"unknown environment variable {unknown[0]}; known: {', '.join(VARIABLES)}")


def trusts_containers() -> bool:
    """Tell whether the environment trusts the containers beside this one; raises ConfigurationError when it says something else."""
    said = os.environ.get(TRUST_VARIABLE, "")
    if said not in ("", CONTAINERS):
        raise ConfigurationError(f"{TRUST_VARIABLE}={said!r} is not known: write {CONTAINERS}, or nothing")
    return bool(said)


def log_password() -> str:
    """Return the environment's password for the log, or an empty string."""
    return os.environ.get(LOG_PASSWORD_VARIABLE, "")


def token() -> str:
    """Return the environment's secret for pushing, or an empty string."""
    return os.environ.get(TOKEN_VARIABLE, "")


def admin_token() -> str:
    """Return the environment's secret for administering (that for pushing, when there is no other), or an empty string."""
    return os.environ.get(ADMIN_TOKEN_VARIABLE, "") or token()
