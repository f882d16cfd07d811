"""The crawler's one SQLite file: what it knows of pages, records and its own progress. It survives kill -9."""

from __future__ import annotations

import os

import apsw

from lightship.doclog.database import Database

FILE = "frontier.sqlite"
APPLICATION_ID = 0x4C734372  # "LsCr" at byte 68 of the file
VERSION = 1

SCHEMA = """
create table sources (
    name text primary key, active integer not null default 0, idle integer not null default 0,
    found integer not null default 0, fetched integer not null default 0, failed integer not null default 0,
    put integer not null default 0, deleted integer not null default 0) without rowid;
create table sites (site text primary key, source text not null) without rowid;
create table pages (
    id integer primary key, url text not null unique, site text not null, depth integer not null,
    hops integer not null default 0, state integer not null default 0, visit real not null default 0,
    status integer not null default 0, failures integer not null default 0, etag text, last_modified text,
    digest blob, target text, own integer not null default 0);
create index pages_due on pages (site, visit, depth, id);
create index pages_target on pages (target) where target is not null;
create table records (
    url text primary key, source text not null, digest blob not null, stamp text, pass integer not null
    ) without rowid;
create table passes (source text primary key, pass integer not null, stamp text) without rowid;
"""


def open_store(folder: str) -> Database:
    """Open (or make) the store in the data folder `folder`; raises what Database raises."""
    return Database(os.path.join(folder, FILE), APPLICATION_ID, VERSION, _create)


def _create(db: apsw.Connection) -> None:
    db.execute(SCHEMA)
