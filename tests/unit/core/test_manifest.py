"""Validation of manifests."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from lightship.core.errors import InvalidInputError
from lightship.core.manifest import (
    File,
    Layout,
    LayoutName,
    Manifest,
    Segment,
    check_file,
    check_layout,
    check_manifest,
)

ID = "0123456789abcdef" * 2
DIGEST = "ab" * 32
STORE = File(f"{ID}.store", 10, DIGEST)
OTHER = File(f"{'f' * 32}.store", 20, DIGEST)
DELETES = File(f"{ID}.77.del", 10, DIGEST)


def manifest(**changes: Any) -> Manifest:
    made = Manifest(
        layout=Layout(3, 1), order=1, shard=1, epoch=5, generation=7, segments=[Segment(ID, 10, 0, [STORE])],
        log_id="log", positions={"1": 9}, made=1.0, fresh_as_of=1.0,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changes)


def test_a_good_manifest_is_returned() -> None:
    assert check_manifest(manifest(), 1) == manifest()
    assert check_manifest(manifest(segments=[]), 1).documents == 0
    assert check_manifest(manifest(coming=[OTHER]), 1).wanted == {STORE.name: STORE, OTHER.name: OTHER}
    deleted = manifest(segments=[Segment(ID, 10, 4, [STORE, DELETES])])
    assert check_manifest(deleted, 1).documents == 6
    assert deleted.files == {STORE.name: STORE, DELETES.name: DELETES}
    assert deleted.version == (5, 7)


@pytest.mark.parametrize(
    "changes",
    [
        {"layout": Layout(0, 1)},
        {"coming": [STORE]},
        {"coming": [OTHER, OTHER]},
        {"coming": [msgspec.structs.replace(OTHER, size=21)]},
        {"coming": [msgspec.structs.replace(OTHER, name=f"{ID}.78.del")]},
        {"coming": [msgspec.structs.replace(OTHER, name="../meta.json")]},
        {"layout": Layout(65, 1)},
        {"shard": -1},
        {"shard": 2},
        {"layout": Layout(1, 1)},
        {"epoch": 0},
        {"epoch": -5},
        {"epoch": 1 << 63},
        {"epoch": 10**30},
        {"generation": 0},
        {"generation": -1},
        {"positions": {"1": -1}},
        {"positions": {"1": 1 << 64}},
        {"fresh_as_of": -1.0},
        {"fresh_as_of": 1e300},
        {"fresh_as_of": float("inf")},
        {"fresh_as_of": float("nan")},
        {"made": 1e12},
        {"segments": [Segment("../../etc/passwd", 1, 0, [])]},
        {"segments": [Segment(ID.upper(), 1, 0, [STORE])]},
        {"segments": [Segment(ID, -1, 0, [STORE])]},
        {"order": 0},
        {"order": 1 << 63},
        {"segments": [Segment(ID, 1, -1, [STORE])]},
        {"segments": [Segment(ID, 1, 2, [STORE, DELETES])]},
        {"segments": [Segment(ID, 1 << 31, 0, [STORE])]},
        {"segments": [Segment(ID, 1, 0, [STORE, STORE])]},
        {"segments": [Segment(ID, 1, 0, [STORE]), Segment(ID, 1, 0, [STORE])]},
        {"segments": [Segment("f" * 32, 1, 0, [STORE])]},
        {"segments": [Segment(ID, 2, 1, [STORE])]},
        {"segments": [Segment(ID, 2, 0, [STORE, DELETES])]},
        {"segments": [Segment(ID, 2, 1, [STORE, DELETES, File(f"{ID}.78.del", 1, DIGEST)])]},
        {"segments": [Segment(ID, 2, 1, [STORE, File(f"{ID}.{'9' * 20}.del", 1, DIGEST)])]},
    ],
    ids=str,
)
def test_a_bad_manifest_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError):
        check_manifest(manifest(**changes), 1)


@pytest.mark.parametrize(
    "name",
    ["", "meta.json", f"../{ID}.store", f"{ID}.store/x", f"{ID}/../x.store", f"{ID}.store\n", f"{ID}.store\0",
     f"{ID}.STORE", f"{ID}", f"{ID}.1.2.del", f"{ID[:-1]}.store", f".{ID}.store", "a" * 5000],
)  # fmt: skip
def test_a_name_that_is_not_a_segments_files_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        check_file(File(name, 1, DIGEST))


@pytest.mark.parametrize(
    "file",
    [File(STORE.name, -1, DIGEST), File(STORE.name, (1 << 40) + 1, DIGEST), File(STORE.name, 1, DIGEST.upper()),
     File(STORE.name, 1, ""), File(STORE.name, 1, DIGEST + "0")],
)  # fmt: skip
def test_a_bad_size_or_digest_is_refused(file: File) -> None:
    with pytest.raises(InvalidInputError):
        check_file(file)


@pytest.mark.parametrize(
    "name", ["", "s0v1", "s1v0", "s01v1", "s65v1", "s9999v1", "../s1v1", "s1v1/..", "s1", "s1v1\n"]
)
def test_not_a_layout(name: str) -> None:
    with pytest.raises(InvalidInputError):
        LayoutName.of(name)


def test_a_layouts_name_is_read_back() -> None:
    assert LayoutName.of(Layout(64, 3).name) == ("s64v3", 64, 3) == Layout(64, 3).parsed_name


def test_declared_fields_are_part_of_a_layouts_name() -> None:
    plain, one, other = (Layout(2, 2, fields) for fields in ("", "price:number", "price:keyword"))
    assert len({plain.name, one.name, other.name}) == 3
    assert LayoutName.of(one.name) == (one.name, 2, 2) == one.parsed_name
    assert msgspec.json.encode(plain) == b'{"shards":2,"schema":2}'  # as earlier releases read it


@pytest.mark.parametrize("fields", ["price:Number", "b:number,a:number", "price", "price:number,", "q:number"])
def test_fields_in_another_form_are_refused(fields: str) -> None:
    with pytest.raises(InvalidInputError):
        check_layout(Layout(1, 2, fields))


def test_unknown_fields_are_errors() -> None:
    with pytest.raises(msgspec.ValidationError, match="colour"):
        msgspec.json.decode(msgspec.json.encode({"shards": 1, "schema": 1, "colour": "red"}), type=Layout)
