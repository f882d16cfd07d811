"""Callers: which host names no stranger can own, and which containers are neighbours."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path

import pytest

from lightship.http.callers import host_of, is_unownable, neighbours

ROUTES = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010011AC 0003 0 0 0 00000000 0 0 0
eth0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0
eth1 00001FAC 00000000 0001 0 0 0 00F0FFFF 0 0 0
"""
IN_DOCKER = {
    "172.17.0.3": True,
    "172.17.255.254": True,
    "172.17.0.1": False,
    "172.18.0.3": False,
    "127.0.0.1": False,
    "::1": False,
}


def machine(root: Path, kinds: dict[str, str]) -> Path:
    """Create the files of a machine with interfaces of `kinds`."""
    (root / "proc/net").mkdir(parents=True)
    (root / "proc/net/route").write_text(ROUTES)
    for number, (name, kind) in enumerate(kinds.items(), start=10):
        folder = root / "sys/class/net" / name
        folder.mkdir(parents=True)
        folder.joinpath("ifindex").write_text(f"{number}\n")
        folder.joinpath("iflink").write_text(f"{number if kind in ('real', 'tap') else number + 100}\n")
        folder.joinpath("uevent").write_text(
            f"{f'DEVTYPE={kind}{chr(10)}' if kind.endswith('vlan') else ''}INTERFACE={name}\n"
        )
        if kind == "vlan":
            folder.joinpath("lower_eth9").mkdir()
    return root


def test_the_containers_of_a_bridge_are_beside_this_one_and_its_gateway_is_not(tmp_path: Path) -> None:
    found = neighbours(machine(tmp_path, {"eth0": "veth", "eth1": "real"}))
    assert {text: ip_address(text) in found for text in IN_DOCKER} == IN_DOCKER


def test_the_first_address_is_a_gateway_also_where_no_route_leads_there(tmp_path: Path) -> None:
    found = neighbours(machine(tmp_path, {"eth0": "real", "eth1": "veth"}))
    near = {text: ip_address(text) in found for text in ("172.31.0.1", "172.31.0.2", "172.31.15.254", "172.31.16.1")}
    assert near == {"172.31.0.1": False, "172.31.0.2": True, "172.31.15.254": True, "172.31.16.1": False}


@pytest.mark.parametrize("kind", ["real", "tap", "macvlan", "ipvlan", "vlan"])
def test_the_network_of_the_machine_itself_holds_strangers(tmp_path: Path, kind: str) -> None:
    """`--network host`, Podman's pasta, and interfaces that put a container into the machine's network."""
    found = neighbours(machine(tmp_path, {"eth0": kind, "eth1": kind}))
    assert found.networks == ()
    assert ip_address("172.17.0.3") not in found


def test_without_the_kernel_s_files_nobody_is_beside(tmp_path: Path) -> None:
    assert neighbours(tmp_path).networks == ()


@pytest.mark.parametrize(
    ("host", "unownable"),
    [
        ("localhost", True), ("localhost:8080", True), ("localhost.", True), ("a.localhost", True), ("127.0.0.1:1", True),
        ("[::1]:8080", True), ("[::1]", True), ("192.0.2.7", True), ("searchengine", True), ("", True), ("search.example", False),
        ("search.example:80", False), ("localhost.example", False), ("127.0.0.1.example", False), ("127.1", False), ("1.2.3", False),
        ("0x7f.1", False),
    ],
)  # fmt: skip
def test_which_names_nobody_owns(host: str, unownable: bool) -> None:
    assert is_unownable(host) is unownable
    assert host_of({"headers": [(b"host", host.upper().encode())]}) == host


def test_this_machine_can_be_asked() -> None:
    assert isinstance(neighbours().networks, tuple)
