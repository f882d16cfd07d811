"""What Kubernetes' kubelet does: pods run as containers, their probes are asked, commands run in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from docker.daemon import docker
from docker.kubernetes.api import OUTCOME, STDERR, STDOUT
from docker.kubernetes.containers import arguments, name_of
from docker.kubernetes.probes import live
from docker.kubernetes.store import Object, Store

ADDRESS = "--format={{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}"


class Kubelet:
    """The one machine of the cluster."""

    def __init__(self, store: Store, folder: Path) -> None:
        """Files that pods mount are written to `folder`."""
        self._store, self._folder = store, folder
        self._running = dict[str, asyncio.Task[None]]()

    async def run(self) -> None:
        """Start what is asked for, and end what is not any more."""
        ending = dict[str, asyncio.Task[None]]()
        async with asyncio.TaskGroup() as tasks:
            while True:
                for pod in self._store.find("Pod"):
                    uid = pod["metadata"]["uid"]
                    if uid not in self._running:
                        self._running[uid] = tasks.create_task(self._live(pod))
                    if "deletionTimestamp" in pod["metadata"] and uid not in ending:
                        ending[uid] = tasks.create_task(self._end(pod))
                await self._store.wait(5)

    async def _live(self, pod: Object) -> None:
        """Start a pod and ask its probes for as long as it lives. What can't start ends the cluster, with the reason."""
        command = await asyncio.to_thread(arguments, self._store, pod, self._folder)
        await asyncio.to_thread(docker, "run", *command)
        [container] = pod["spec"]["containers"]
        while True:
            address = await asyncio.to_thread(docker, "inspect", ADDRESS, name_of(pod))
            tell = partial(self._tell, pod, address)
            tell(ready=False)
            await live(container, address, tell)
            await asyncio.to_thread(docker, "restart", name_of(pod))

    def _tell(self, pod: Object, address: str, *, ready: bool) -> None:
        now = self._store.get("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"])
        [before] = now.get("status", {}).get("conditions") or [{"status": None}]
        if before["status"] != str(ready):
            condition = {"type": "Ready", "status": str(ready), "lastTransitionTime": datetime.now(UTC).isoformat()}
            self._store.set_status(now, {"phase": "Running", "podIP": address, "conditions": [condition]})

    async def _end(self, pod: Object) -> None:
        """Send SIGTERM, wait as long as the pod says, and forget it with what it alone had."""
        grace = str(pod["spec"]["terminationGracePeriodSeconds"])
        await asyncio.to_thread(docker, "stop", "--time", grace, name_of(pod))
        self._running[pod["metadata"]["uid"]].cancel()
        await asyncio.to_thread(docker, "rm", name_of(pod))
        self._store.remove(pod)

    async def execute(self, pod: Object, command: list[str]) -> AsyncIterator[tuple[int, bytes]]:
        """Run a command in a pod; yield what it prints, as it prints it, and then how it ended."""
        process = await asyncio.create_subprocess_exec(
            "docker", "exec", name_of(pod), *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        assert process.stdout
        assert process.stderr
        errors = asyncio.create_task(process.stderr.read())
        while data := await process.stdout.read(65536):
            yield STDOUT, data
        yield STDERR, await errors
        yield OUTCOME, json.dumps(_outcome(await process.wait())).encode()


def _outcome(code: int) -> Object:
    if code == 0:
        return {"metadata": {}, "status": "Success"}
    causes = [{"reason": "ExitCode", "message": str(code)}]
    return {
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": causes},
        "message": f"command terminated with non-zero exit code: {code}",
    }  # fmt: skip
