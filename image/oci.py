"""Images as bytes: read from Docker, made the same each time, and written as one OCI archive for all architectures.

Docker notes the time of the build in an image; what is read here has one given time in its place, and only what counts,
so that equal files give equal digests: those of a layer, which all versions of its files share, and that of the image. Sources: OCI image specification 1.1 (config, manifest, index, layout), and the
`manifest.json` of `docker save`, which is written too: any `docker load` reads the archive.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from image.elf import HEADER_BYTES, machine_of
from image.packing import packed, unpacked

_TYPE = "application/vnd.oci.image"
_KEPT = ("Cmd", "Env", "ExposedPorts", "Labels", "User", "WorkingDir")  # of Docker's config
LAYERS = ("runtime", "dependencies", "lightship")  # as the Dockerfile copies them
_FILE_SECONDS = (
    315_532_800  # 1980, the earliest that a zip can say: of all files, so that an upgrade pulls only what differs
)


@dataclass(frozen=True)
class Image:
    """An image of one architecture: its config, and its layers as tar archives that are not compressed."""

    config: bytes
    layers: tuple[bytes, ...]

    @property
    def architecture(self) -> str:
        """The architecture that its config says."""
        return str(json.loads(self.config)["architecture"])

    @property
    def digest(self) -> str:
        """The digest of its config, which Docker calls the image's ID."""
        return _digest(self.config)

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return dict(json.loads(self.config)["config"].get("Labels") or {})

    @property
    def unpacked(self) -> int:
        """The bytes of all its files."""
        return sum(map(content_bytes, self.layers))

    def file(self, name: str) -> bytes:
        """Return the content of one file; raise KeyError if it is not there."""
        return dict(self.files())[name]

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the name, without a slash before it, and the content of each file."""
        for layer in self.layers:
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                for member in tar:
                    if content := tar.extractfile(member) if member.isfile() else None:
                        yield member.name, content.read()

    def check(self) -> int:
        """Return the number of ELF files, all of the architecture that both config and label say.

        Raises ValueError otherwise, and if there is no interpreter or no extension module.
        """
        machines = {name: of for name, content in self.files() if (of := machine_of(content[:HEADER_BYTES]))}
        if self.labels.get("architecture") != self.architecture:
            raise ValueError(f"the label says {self.labels.get('architecture')!r}, the config {self.architecture!r}")
        if "usr/bin/python3" not in machines or not any(name.endswith(".so") for name in machines):
            raise ValueError(f"there is no interpreter, or no extension module, among {sorted(machines)}")
        if wrong := [f"{name} ({of})" for name, of in sorted(machines.items()) if of != self.architecture]:
            raise ValueError(f"the image is labelled {self.architecture}, but is not: {', '.join(wrong)}")
        return len(machines)


def content_bytes(layer: bytes) -> int:
    """Return the bytes of all files of a layer."""
    with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
        return sum(member.size for member in tar)


def saved_image(archive: Path, seconds: int) -> Image:
    """Return the one image of a `docker save` archive, as if made at the time `seconds` (of Unix).

    Its architecture is what its label says: a builder without BuildKit notes its own. `Image.check` compares it to the files.
    """
    with tarfile.open(archive) as saved:
        [entry] = json.loads(_read(saved, "manifest.json"))
        config = json.loads(_read(saved, entry["Config"]))
        layers = [made for name in entry["Layers"] if (made := _same_each_time(_read(saved, name)))]
    config = {
        "architecture": config["config"]["Labels"]["architecture"],
        "os": "linux",
        "created": _time(seconds),
        "config": {key: value for key in _KEPT if (value := config["config"].get(key))},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer) for layer in layers]},
        "history": [{"created": _time(seconds), "created_by": f"COPY {name}"} for name in LAYERS],
    }
    return Image(_json(config), tuple(layers))


def write_archive(path: Path, images: Iterable[Image], name: str, compression: str) -> None:
    """Write an OCI archive with one index of all `images`; `name` is like lightship:1.0, the `compression` as for `packed`."""
    blobs: dict[str, bytes] = {}
    manifests, loadable = [], []
    for image in images:
        config = _put(blobs, image.config, f"{_TYPE}.config.v1+json")
        kind = f"{_TYPE}.layer.v1.tar{'' if compression == 'none' else f'+{compression}'}"
        layers = [_put(blobs, packed(compression, layer), kind) for layer in image.layers]
        manifest = {"schemaVersion": 2, "mediaType": f"{_TYPE}.manifest.v1+json", "config": config, "layers": layers}
        described = _put(blobs, _json(manifest), f"{_TYPE}.manifest.v1+json")
        manifests.append({**described, "platform": {"architecture": image.architecture, "os": "linux"}})
        tag = f"{name}-{image.architecture}"
        loadable.append({"Config": _blob(config), "RepoTags": [tag], "Layers": [_blob(layer) for layer in layers]})
    kind = f"{_TYPE}.index.v1+json"
    index = _put(blobs, _json({"schemaVersion": 2, "mediaType": kind, "manifests": manifests}), kind)
    top = {"schemaVersion": 2, "manifests": [{**index, "annotations": _reference(name)}]}
    files = {f"blobs/sha256/{digest}": content for digest, content in blobs.items()}
    files |= {
        "index.json": _json(top),
        "manifest.json": _json(loadable),
        "oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for file, content in sorted(files.items()):
            member = tarfile.TarInfo(file)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def read_archive(path: Path) -> list[Image]:
    """Return the images that the index of an OCI archive names; raise ValueError if a digest is not right."""
    with tarfile.open(path) as archive:

        def blob(described: Mapping[str, Any]) -> bytes:
            content = _read(archive, _blob(described))
            if _digest(content) != described["digest"]:
                raise ValueError(f"{path}: {described['digest']} has other content")
            return content

        [index] = json.loads(_read(archive, "index.json"))["manifests"]
        images = []
        for described in json.loads(blob(index))["manifests"]:
            manifest = json.loads(blob(described))
            image = Image(blob(manifest["config"]), tuple(unpacked(blob(layer)) for layer in manifest["layers"]))
            if described["platform"]["architecture"] != image.architecture:
                raise ValueError(f"{path}: the index says {described['platform']}, the image {image.architecture}")
            images.append(image)
        return images


def _same_each_time(layer: bytes) -> bytes:
    """Return a layer with its files in the order of their names, one time, no names of users; empty if it has none."""
    made = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(layer)) as old:
        members = sorted((member for member in old if member.name.strip("./")), key=lambda member: member.name)
        if not members:
            return b""
        with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as new:
            for member in members:
                member.mtime, member.uname, member.gname, member.pax_headers = _FILE_SECONDS, "", "", {}
                new.addfile(member, old.extractfile(member) if member.isfile() else None)
    return made.getvalue()


def _put(blobs: dict[str, bytes], content: bytes, kind: str) -> dict[str, Any]:
    """Add a blob, and return its OCI descriptor."""
    digest = _digest(content)
    blobs[digest.removeprefix("sha256:")] = content
    return {"mediaType": kind, "digest": digest, "size": len(content)}


def _blob(described: Mapping[str, Any]) -> str:
    return "blobs/" + str(described["digest"]).replace(":", "/")


def _reference(name: str) -> dict[str, str]:
    """Return the annotations by which Docker and containerd, and skopeo, know what an archive's image is called."""
    return {
        "io.containerd.image.name": f"docker.io/library/{name}",
        "org.opencontainers.image.ref.name": name.partition(":")[2],
    }


def _read(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
