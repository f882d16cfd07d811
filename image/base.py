"""Makes the Dockerfile's base image from Debian's archive, under the same tag, where no image registry is reached.

The machine's own extra CA certificates (a TLS-inspecting proxy's) go in, so that pip works in the build stage. That
stage is left behind: nothing of them is in the product's image.

    base.py FOLDER    writes it, of this machine's architecture, to an archive in a folder, unless it is there
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_EXTRA_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_LEAST_BYTES = 30_000_000  # a base that is smaller is not whole


def make_base(tag: str, architecture: str) -> None:
    """Import a minimal Debian as the image `tag`, like `debian:bookworm-slim`, for the builder's `architecture`."""
    with tempfile.TemporaryDirectory() as folder:
        tar = Path(folder, "base.tar")  # not a pipe: that would hide a failure, and import half a system
        write_base(tag, tar, f"--architectures={architecture}")
        subprocess.run(["docker", "import", f"--platform=linux/{architecture}", tar, tag], check=True)


def write_base(tag: str, tar: Path, *options: str) -> None:
    """Write a minimal Debian of the suite that `tag` names to the archive `tar`, with more `options` for mmdebstrap."""
    suite = tag.partition(":")[2].removesuffix("-slim")
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", "--include=ca-certificates", "--aptopt=Acquire::Languages none",
         *options, *_left_out(), *_extra_certificates(), suite, tar], check=True,
    )  # fmt: skip
    if tar.stat().st_size < _LEAST_BYTES:
        raise SystemExit(f"error: mmdebstrap made only {tar.stat().st_size} bytes of {suite}")


def base_tag(dockerfile: str) -> str:
    """Return the tag of the base image that a Dockerfile's text names, like `debian:bookworm-slim`."""
    found = re.search(r"^ARG BASE=(debian:\S+)$", dockerfile, re.MULTILINE)
    if not found:
        raise SystemExit("error: the Dockerfile has no line like `ARG BASE=debian:bookworm-slim`")
    return found[1]


def _left_out() -> Iterator[str]:
    for folder in ("doc", "man", "locale", "info"):
        yield f"--dpkgopt=path-exclude=/usr/share/{folder}/*"


def _extra_certificates() -> Iterator[str]:
    for certificate in sorted(_EXTRA_CERTIFICATES.glob("*.crt")):
        yield f"--customize-hook=copy-in {certificate} {_EXTRA_CERTIFICATES}"
    yield '--customize-hook=chroot "$1" update-ca-certificates >/dev/null 2>&1'


def kept(folder: Path, tag: str) -> Path:
    """Return where an archive of the base image `tag` is kept in a folder; `docker import` reads it."""
    return folder / f"{tag.replace(':', '-')}.tar"


def _keep(folder: Path, tag: str) -> None:
    if not (path := kept(folder, tag)).exists():
        write_base(tag, new := path.with_suffix(".new.tar"))
        new.rename(path)


if __name__ == "__main__":
    _keep(Path(sys.argv[1]), base_tag(Path(__file__).parents[1].joinpath("Dockerfile").read_text()))
