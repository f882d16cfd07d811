"""Opens new segments in a separate folder before they are installed: an index with a broken segment can't be opened.

Digests only prove that files are as their indexer published them.
"""

from __future__ import annotations

import os
import shutil

from lightship.core.errors import InvalidInputError
from lightship.core.manifest import Manifest
from lightship.index.storage.scratch_index import link_segments, searcher_of

TRIAL = "trial"


def check_opens(folder: str, manifest: Manifest, old: Manifest | None) -> None:
    """Raise InvalidInputError unless the segments of `manifest` that are not in `old` can be opened.

    Their files are in `folder`. Takes about a millisecond: it uses hard links, and syncs nothing.
    """
    known = old.segments if old else []
    new = [segment for segment in manifest.segments if segment not in known]
    if not new:
        return
    trial = os.path.join(folder, TRIAL)
    drop_trial(folder)
    os.mkdir(trial)
    try:
        link_segments(trial, folder, manifest.layout.schema, new, manifest.layout.fields)
        failure = _open(trial, sum(segment.documents - segment.deleted for segment in new))
    finally:
        drop_trial(folder)
    if failure:
        raise InvalidInputError(
            f"can't open generation {manifest.generation} of shard {manifest.shard} ({failure[:300]}); "
            "move the indexer's data folder away, and it will rebuild the shard"
        )


def drop_trial(folder: str) -> None:
    """Remove what a crash may have left behind."""
    shutil.rmtree(os.path.join(folder, TRIAL), ignore_errors=True)


def _open(trial: str, documents: int) -> str:
    """Return why the index in `trial` can't be opened with `documents` documents; an empty string if it can."""
    try:
        found = searcher_of(trial).num_docs
    except (ValueError, OSError) as error:
        return str(error)
    except (
        BaseException
    ) as error:  # tantivy panics on some broken files; the panic is not an Exception, and can't be imported
        if type(error).__name__ != "PanicException":
            raise
        return str(error)
    return "" if found == documents else f"it has {found} documents, not {documents}"
