"""What `lightship up` says on its terminal: where everything is, what could not be read, and how to go on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from urllib.parse import urlsplit

from lightship.cli.local.places import at, called, explain_port, intake_port, is_open, page
from lightship.cli.system.secret import FILE as SECRET_FILE
from lightship.config import TOKEN_VARIABLE, UP_DATA, ExplainSettings, UpSettings

SHOWN_WARNINGS = 3
MOST_LOG = 1 << 20  # bytes of the log that are searched for warnings
_ANY_SITE = "https://www.example.org"


def greeting(settings: UpSettings, sources: Sequence[str], *, own_secret: bool) -> list[str]:
    """Return the lines that are printed at start: where everything is, and who can reach it."""
    intake, data = intake_port(settings), settings.data
    secret = os.path.join(data, SECRET_FILE) if own_secret else TOKEN_VARIABLE
    found = _data(settings) if own_secret else []
    add = " ".join(["lightship add FILE", f"-indexer={called(settings, intake)}", *found])
    place = at(settings.host, settings.port)
    who = "reachable from this machine only; --host=0.0.0.0 lets others search"
    if is_open(settings):
        who = f"OPEN: anyone who can reach this machine on {place} can search, and read everything that is found"
    if settings.closed:
        keys = " ".join(["lightship key new --search", *found])
        who = f"CLOSED on {place}: to search, make a key, or use the secret as the password: {keys}"
    demo = "no SOURCE given: shows this Python's documentation, whose links work here alone, and only while this runs"
    return [
        f"search page: {page(settings)}/   (data and logs in {data}; Ctrl-C stops)",
        who,
        *[demo] * (not sources),
        f"to add documents on port {intake}, with the secret in {secret}: {add}",
    ]


def failures(failed: int, log: str, begun: int) -> list[str]:
    """Return lines about `failed` items and the warnings in the crawler's `log` from byte `begun` on, if any."""
    with open(log, "rb") as file:
        file.seek(begun)
        lines = file.read(MOST_LOG).decode(errors="replace").splitlines()
    warnings = [line.partition(" WARNING ")[2] for line in lines if " WARNING " in line]
    if not failed and not warnings:
        return []
    shown = [f"  {line.partition(': ')[2]}" for line in warnings[:SHOWN_WARNINGS]]
    return [f"{failed} lines, files or pages could not be read, {len(warnings)} warnings; see {log}:", *shown]


def ways(settings: UpSettings, sources: Sequence[str]) -> list[str]:
    """Return the lines that are printed once everything is searchable: how to search it from elsewhere."""
    own = f"the pages of {', '.join(settings.origins)} may use it"
    if not settings.origins:
        own = f"allow your pages to use it with --origins={_origin(sources)}"
    return [
        f'box for your pages: <script src="{page(settings)}/box.js" defer></script><lightship-search></lightship-search>   ({own})',
        f"for agents: {page(settings)}/mcp   (Model Context Protocol)",
        f"is a page missing? {_explain(settings)}",
        f"more, with lines to copy: {page(settings)}/about",
    ]


def _origin(sources: Sequence[str]) -> str:
    """Return the origin of the first website in `sources`, or that of an example."""
    found = next((urlsplit(each) for each in sources if each.lower().startswith(("http://", "https://"))), None)
    return f"{found.scheme}://{found.netloc}" if found else _ANY_SITE


def _explain(settings: UpSettings) -> str:
    """Return the command that explains a page, without what it knows by itself."""
    usual, words = ExplainSettings(), ["lightship explain URL"]
    if explain_port(settings) != _port(usual.crawler[0]):
        words.append(f"-crawler={called(settings, explain_port(settings))}")
    if settings.port != _port(usual.searchengine[0]):
        words.append(f"-searchengine={called(settings, settings.port)}")
    return " ".join([*words, *_data(settings)])


def _data(settings: UpSettings) -> list[str]:
    """Return the flag that names the data folder, unless it is the usual one."""
    return [f"-data={os.path.abspath(settings.data)}"] if settings.data != UP_DATA else []


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])
