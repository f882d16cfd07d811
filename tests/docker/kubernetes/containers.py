"""From a pod, the arguments of `docker run` that make its container what Kubernetes makes it."""

from __future__ import annotations

import base64
import os
import re
import shutil
from pathlib import Path

from docker.daemon import docker
from docker.kubernetes.store import Object, Store

UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
LABEL = "lightship-test-cluster"


def name_of(pod: Object) -> str:
    """Return the name of a pod's container, that of no other pod before or after it."""
    return f"{pod['metadata']['name']}-{pod['metadata']['uid'][:8]}"


def arguments(store: Store, pod: Object, folder: Path) -> list[str]:
    """Return the arguments; makes the volumes, and in `folder` the files, that they name."""
    spec, metadata = pod["spec"], pod["metadata"]
    [container] = spec["containers"]
    variables = _environment(store, pod, container)
    security, within = spec["securityContext"], container["securityContext"]
    assert security["runAsNonRoot"]
    assert security["runAsUser"] != 0
    assert within == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    limits = container["resources"]["limits"]
    program = [_expanded(word, variables) for word in container.get("command", [])]
    words = [_expanded(word, variables) for word in container.get("args", [])]
    return [
        "--detach", "--pull=never", "--restart=always", f"--name={name_of(pod)}", f"--hostname={metadata['name']}",
        f"--label={LABEL}={metadata['namespace']}", f"--network={metadata['namespace']}",
        *(f"--network-alias={name}" for name in _names(store, pod)),
        f"--user={security['runAsUser']}:{security['runAsGroup']}", f"--group-add={security['fsGroup']}",
        "--security-opt=no-new-privileges", "--read-only", "--cap-drop=ALL",
        f"--memory={_amount(limits['memory'])}", f"--memory-swap={_amount(limits['memory'])}",
        f"--cpus={min(_processors(limits['cpu']), os.cpu_count() or 1)}",
        *(f"--env={name}={value}" for name, value in variables.items()),
        *_mounts(store, pod, container, folder),
        *([f"--entrypoint={program[0]}"] if program else []), container["image"], *program[1:], *words,
    ]  # fmt: skip


def _names(store: Store, pod: Object) -> list[str]:
    """Return the names of a pod: its Services', and below that which governs it its own. Docker gives them at once, ready or not."""
    metadata, spec = pod["metadata"], pod["spec"]
    services = [
        each["metadata"]["name"]
        for each in store.find("Service", metadata["namespace"])
        if each["spec"]["selector"].items() <= metadata["labels"].items()
    ]
    return [*services, *([f"{spec['hostname']}.{spec['subdomain']}"] if spec.get("subdomain") in services else [])]


def _environment(store: Store, pod: Object, container: Object) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in container.get("env", []):
        given = each.get("value") or _value(store, pod, each["valueFrom"])
        found[each["name"]] = _expanded(given, found) if "value" in each else given
    return found


def _value(store: Store, pod: Object, source: Object) -> str:
    if "secretKeyRef" in source:
        secret = store.get("Secret", pod["metadata"]["namespace"], source["secretKeyRef"]["name"])
        encoded = secret.get("data", {}).get(source["secretKeyRef"]["key"])
        return (
            base64.b64decode(encoded).decode() if encoded else str(secret["stringData"][source["secretKeyRef"]["key"]])
        )
    path = source["fieldRef"]["fieldPath"]
    if label := re.fullmatch(r"metadata\.labels\['(.+)'\]", path):
        return str(pod["metadata"]["labels"][label[1]])
    assert path == "metadata.name", path
    return str(pod["metadata"]["name"])


def _expanded(word: str, variables: dict[str, str]) -> str:
    """Return a word with each $(NAME) that is known."""
    return re.sub(r"\$\((\w+)\)", lambda found: variables.get(found[1], found[0]), word)


def _mounts(store: Store, pod: Object, container: Object, folder: Path) -> list[str]:
    volumes = {each["name"]: each for each in pod["spec"]["volumes"]}
    found = list[str]()
    for mount in container["volumeMounts"]:
        source = _source(store, pod, volumes[mount["name"]], mount.get("subPath", ""), folder)
        read_only = ",readonly" if mount.get("readOnly") else ""
        found.append(f"--mount={source},dst={mount['mountPath']}{read_only}")
    return found


def _source(store: Store, pod: Object, volume: Object, within: str, folder: Path) -> str:
    namespace, name = pod["metadata"]["namespace"], volume["name"]
    if "configMap" in volume:
        path = folder / name_of(pod) / within
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(store.get("ConfigMap", namespace, volume["configMap"]["name"])["data"][within])
        return f"type=bind,src={path}"
    if "emptyDir" in volume:
        name, mode = f"{name_of(pod)}-{name}", 0o2777
    else:
        name, mode = f"{namespace}-{volume['persistentVolumeClaim']['claimName']}", 0o2775
    return f"type=volume,src={_volume(name, pod, mode)},volume-nocopy"


def _volume(name: str, pod: Object, mode: int) -> str:
    """Make a volume, unless it is there, whose owner is root and whose group is the pod's fsGroup: not a copy of the image's folder."""
    docker("volume", "create", f"--label={LABEL}={pod['metadata']['namespace']}", name)
    place = Path(docker("volume", "inspect", "--format={{.Mountpoint}}", name))
    if not any(place.iterdir()):
        shutil.chown(place, 0, pod["spec"]["securityContext"]["fsGroup"])
        place.chmod(mode)
    return name


def _amount(written: str) -> int:
    return int(written[:-2]) * UNITS[written[-2:]]


def _processors(written: str) -> float:
    return int(written[:-1]) / 1000 if written.endswith("m") else float(written)
