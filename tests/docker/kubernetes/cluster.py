"""A small cluster for the real kubectl: an API server and controllers of the tests' own, and pods in the tests' Docker daemon."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from docker.daemon import docker
from docker.kubernetes.api import application
from docker.kubernetes.containers import LABEL
from docker.kubernetes.controllers import control
from docker.kubernetes.pods import Kubelet
from docker.kubernetes.store import Store
from support import free_port, require
from unit.deploy.test_kubernetes import kubectl_program

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: test
contexts: [{{name: test, context: {{cluster: test, user: test}}}}]
clusters: [{{name: test, cluster: {{server: "http://127.0.0.1:{port}"}}}}]
users: [{{name: test, user: {{}}}}]
"""


@contextlib.contextmanager
def running(namespace: str, folder: Path) -> Iterator[None]:
    """Run a cluster whose pods are all of one namespace; meanwhile `kubectl` is the real one, and asks this cluster."""
    require("kubectl (.ci/tools unpacks it)", kubectl_program())
    (folder / "bin").mkdir(parents=True)
    (folder / "bin/kubectl").symlink_to(str(kubectl_program()))
    port, stop, started = free_port(), asyncio.Event(), threading.Event()
    (folder / "config").write_text(KUBECONFIG.format(port=port))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_until_complete, args=[_serve(folder, port, started, stop)])
    docker("network", "create", f"--label={LABEL}={namespace}", namespace)
    thread.start()
    try:
        assert started.wait(10)
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("KUBECONFIG", str(folder / "config"))
            patched.setenv("PATH", str(folder / "bin"), prepend=os.pathsep)
            yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        _remove(namespace)


async def _serve(folder: Path, port: int, started: threading.Event, stop: asyncio.Event) -> None:
    store = Store()
    kubelet = Kubelet(store, folder)
    runner = web.AppRunner(application(store, kubelet.execute), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    tasks = [asyncio.create_task(each) for each in (control(store), kubelet.run(), _wait(stop))]
    started.set()
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await runner.cleanup()
    await asyncio.get_running_loop().shutdown_default_executor()  # which may be starting a container
    for task in done:
        task.result()  # kubectl is refused from now on, and the thread's end says why


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()


def _remove(namespace: str) -> None:
    """Remove all containers, volumes and networks; pytest shows what the containers wrote last, when the test failed."""
    mine = f"--filter=label={LABEL}={namespace}"
    for name in docker("ps", "--all", "--format={{.Names}}", mine).split():
        told = subprocess.run(
            ["docker", "logs", "--tail=8", name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(f"== {name}\n{told.stdout}")
    for listed, remove in (
        (("ps", "--all", "--quiet"), ("rm", "--force")),
        (("volume", "ls", "--quiet"), ("volume", "rm", "--force")),
        (("network", "ls", "--quiet"), ("network", "rm")),
    ):
        if found := docker(*listed, mine).split():
            subprocess.run(["docker", *remove, *found], capture_output=True, check=False)
