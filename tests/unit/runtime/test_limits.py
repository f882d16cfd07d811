"""Control group limits, read from fabricated trees of /proc and /sys."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lightship.runtime.limits import Limits, limits, read_limits

MACHINE, GB = 16.0, 1 << 30
NONE = "9223372036854771712\n"  # how cgroup v1 writes "no memory limit"

V2_MOUNT = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def v1_mounts(inside: str = "/") -> str:
    names = ("memory", "cpu,cpuacct", "name=systemd")
    return "".join(
        f"3{i} 23 0:3{i} {inside} /sys/fs/cgroup/{name} rw - cgroup cgroup rw,{name}\n" for i, name in enumerate(names)
    )


def v1_groups(path: str) -> str:
    return f"9:name=systemd:{path}\n4:memory:{path}\n2:cpu,cpuacct:{path}\n0::/\n"


def made(root: Path, groups: str, mounts: str, files: dict[str, str]) -> Limits:
    """Return the limits read from a tree of files; the names in `files` are below /sys/fs/cgroup."""
    written = {"proc/self/cgroup": groups, "proc/self/mountinfo": "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + mounts}
    written |= {f"sys/fs/cgroup/{name}": text for name, text in files.items()}
    for name, text in written.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return read_limits(root, MACHINE, 64 * GB)


def test_version_2_in_a_container_of_its_own_namespace(tmp_path: Path) -> None:
    files = {"cpu.max": "150000 100000\n", "memory.max": f"{2 * GB}\n"}
    found = made(tmp_path, "0::/\n", V2_MOUNT, files)
    assert found == Limits(1.5, 2 * GB)
    assert found.threads == 2


def test_version_2_without_limits(tmp_path: Path) -> None:
    files = {"cpu.max": "max 100000\n", "memory.max": "max\n", "memory.high": "max\n"}
    assert made(tmp_path, "0::/\n", V2_MOUNT, files) == Limits(MACHINE, 64 * GB)


def test_version_2_a_group_is_bounded_by_those_above_it(tmp_path: Path) -> None:
    files = {
        "kube/cpu.max": "200000 100000\n", "kube/pod/cpu.max": "max 100000\n", "kube/pod/main/cpu.max": "400000 100000\n",
        "kube/memory.max": f"{8 * GB}\n", "kube/pod/memory.max": f"{3 * GB}\n", "kube/pod/main/memory.max": "max\n",
        "other/memory.max": "1\n",
    }  # fmt: skip
    assert made(tmp_path, "0::/kube/pod/main\n", V2_MOUNT, files) == Limits(2.0, 3 * GB)


def test_version_2_memory_is_reclaimed_above_high(tmp_path: Path) -> None:
    assert made(tmp_path, "0::/\n", V2_MOUNT, {"memory.max": "max\n", "memory.high": f"{GB}\n"}).memory == GB


def test_version_1(tmp_path: Path) -> None:
    files = {
        "memory/docker/abc/memory.limit_in_bytes": f"{GB}\n", "memory/memory.limit_in_bytes": NONE,
        "cpu,cpuacct/docker/abc/cpu.cfs_quota_us": "50000\n", "cpu,cpuacct/docker/abc/cpu.cfs_period_us": "100000\n",
        "cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    }  # fmt: skip
    found = made(tmp_path, v1_groups("/docker/abc"), v1_mounts(), files)
    assert found == Limits(0.5, GB)
    assert found.threads == 1


def test_version_1_without_limits(tmp_path: Path) -> None:
    files = {"memory/memory.limit_in_bytes": NONE, "cpu,cpuacct/cpu.cfs_quota_us": "-1\n"}
    assert made(tmp_path, v1_groups("/"), v1_mounts(), files) == Limits(MACHINE, 64 * GB)


def test_version_1_where_the_path_is_that_of_the_host(tmp_path: Path) -> None:
    """Docker without a cgroup namespace: the container's own group is mounted, but the path is the host's."""
    files = {
        "memory/memory.limit_in_bytes": f"{GB}\n",
        "cpu,cpuacct/cpu.cfs_quota_us": "300000\n", "cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    }  # fmt: skip
    assert made(tmp_path, v1_groups("/docker/abc"), v1_mounts("/docker/abc"), files) == Limits(3.0, GB)
    assert made(tmp_path, v1_groups("/docker/abc"), v1_mounts("/elsewhere"), files) == Limits(3.0, GB)


def test_hybrid_takes_the_memory_of_one_version_and_the_processors_of_the_other(tmp_path: Path) -> None:
    mounts = v1_mounts() + V2_MOUNT.replace("/sys/fs/cgroup ", "/sys/fs/cgroup/unified ")
    files = {
        "memory/job/memory.limit_in_bytes": f"{GB}\n",
        "unified/job/cpu.max": "250000 100000\n",
    }  # fmt: skip
    groups = v1_groups("/job").replace("0::/", "0::/job")
    assert made(tmp_path, groups, mounts, files) == Limits(2.5, GB)


@pytest.mark.parametrize(
    "files", [{}, {"cpu.max": "", "memory.max": "nonsense"}, {"cpu.max": "x y z", "memory.max": "-5"}]
)
def test_what_can_t_be_read_limits_nothing(tmp_path: Path, files: dict[str, str]) -> None:
    assert made(tmp_path, "0::/gone\n", V2_MOUNT, files) == Limits(MACHINE, 64 * GB)
    assert made(tmp_path, "nonsense\n", V2_MOUNT + "short - cgroup2\n", files) == Limits(MACHINE, 64 * GB)


def test_no_control_groups_at_all(tmp_path: Path) -> None:
    assert read_limits(tmp_path, MACHINE, 64 * GB) == Limits(MACHINE, 64 * GB)


def test_this_process_has_limits() -> None:
    found = limits()
    assert 0 < found.processors <= (os.cpu_count() or 1)
    assert found.memory > 64 << 20


@pytest.mark.parametrize(
    ("soft", "hard", "connections", "room"),
    [(1024, 4096, 1000, 1000), (1024, 1024, 1000, 384), (64, 64, 1000, 16), (64, 64, 8, 8), (4096, 4096, 1000, 1000)],
)
def test_connections_leave_files_for_all_else(soft: int, hard: int, connections: int, room: int) -> None:
    code = (
        "import resource; from lightship.runtime.limits import connection_limit;"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard})); print(connection_limit({connections}))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(made.stdout) == room
    assert ("raise ulimit" in made.stderr) == (room < connections)
