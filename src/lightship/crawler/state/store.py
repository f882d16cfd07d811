"""The crawler's SQLite database: pages, records and progress. It survives kill -9."""

from __future__ import annotations

import fcntl
import os
from typing import TextIO

import apsw

from lightship.core.errors import ConfigurationError
from lightship.runtime.database import Database

FILE = "frontier.sqlite"
APPLICATION_ID = 0x4C734372  # "LsCr" at byte 68 of the file
VERSION = 2

# See entry.py. `found`, `how`, `found_on`: when, how and on which page the URL was first found
_PAGES_2 = """
kind integer not null default 0, fetched real not null default 0, interval real not null default 0,
content blob, fingerprint integer not null default 0, doomed real, note text not null default '',
how integer not null default 1, found_on text, found real not null default 0, modified real not null default 0
"""
_SITES_2 = """
held text, held_since real, resume real not null default 0, day integer not null default 0,
bytes integer not null default 0, probed real not null default 0, absent blob, absent_fingerprint integer not null default 0
"""
_SINCE_2 = """
create index pages_alive on pages (site, fetched) where digest is not null;
create index pages_doomed on pages (site, doomed) where doomed is not null;
create index pages_interrupted on pages (site) where state = 0 and visit > 0;
create index pages_a on pages (site, (fingerprint >> 48) & 65535) where state = 1 and fingerprint <> 0;
create index pages_b on pages (site, (fingerprint >> 32) & 65535) where state = 1 and fingerprint <> 0;
create index pages_c on pages (site, (fingerprint >> 16) & 65535) where state = 1 and fingerprint <> 0;
create index pages_d on pages (site, fingerprint & 65535) where state = 1 and fingerprint <> 0;
create index pages_titled on pages (site, substr(content, 9)) where state = 1 and fingerprint <> 0;
create table visits (
    page integer not null, time real not null, status integer not null, state integer not null, note text not null,
    primary key (page, time)) without rowid;
create table refused (
    url text primary key, site text not null, reason text not null, found_on text, time real not null) without rowid;
create index refused_site on refused (site);
create table robots (site text primary key, status integer not null, text text not null, fetched real not null)
    without rowid;
create table settings (name text primary key, value text not null) without rowid;
create table mail (id integer primary key, box text not null, letter blob not null);
create table mailed (url text primary key) without rowid;
"""

SCHEMA = f"""
create table sources (
    name text primary key, active integer not null default 0, idle integer not null default 0,
    found integer not null default 0, fetched integer not null default 0, failed integer not null default 0,
    put integer not null default 0, deleted integer not null default 0) without rowid;
create table sites (site text primary key, source text not null, {_SITES_2}) without rowid;
create table pages (
    id integer primary key, url text not null unique, site text not null, depth integer not null,
    hops integer not null default 0, state integer not null default 0, visit real not null default 0,
    status integer not null default 0, failures integer not null default 0, etag text, last_modified text,
    digest blob, target text, own integer not null default 0, {_PAGES_2});
create index pages_due on pages (site, visit, depth, id);
create index pages_target on pages (target) where target is not null;
create table records (
    url text primary key, source text not null, digest blob not null, stamp text, pass integer not null
    ) without rowid;
create table passes (source text primary key, pass integer not null, stamp text) without rowid;
{_SINCE_2}
"""


def open_store(folder: str) -> Database:
    """Open or create the store in the data folder `folder`; one of the first version is upgraded.

    Raises what Database raises.
    """
    return Database(os.path.join(folder, FILE), APPLICATION_ID, VERSION, _create, {1: _upgrade_1})


def _create(db: apsw.Connection) -> None:
    db.execute(SCHEMA)


def _upgrade_1(db: apsw.Connection) -> None:
    for table, columns in (("pages", _PAGES_2), ("sites", _SITES_2)):
        for column in columns.split(","):
            db.execute(f"alter table {table} add column {column}")
    db.execute(_SINCE_2)


def is_changed(db: apsw.Connection, name: str, value: object, first: object = None) -> bool:
    """Whether `value` is another one than at the last start, or at the very first than `first`; record it."""
    known = db.execute("select value from settings where name = ?", (name,)).get or repr(first)
    db.execute("insert or replace into settings values (?, ?)", (name, repr(value)))
    return bool(known != repr(value))


def lock_store(folder: str) -> TextIO:
    """Lock the data folder; raises ConfigurationError if another crawler uses it."""
    try:
        os.makedirs(folder, exist_ok=True)
        file = open(os.path.join(folder, "lock"), "w")  # noqa: SIM115 (open as long as the process runs)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ConfigurationError(
            f"{folder} is in use by another crawler; stop that, or give each crawler its own -data folder"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"can't use the data folder {folder}: {error}; name another with -data") from error
    return file
