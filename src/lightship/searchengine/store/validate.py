"""Opens segments apart from the index that they are to be part of: an index with one that is broken could not be opened.

Digests only tell that files are as their indexer published them.
"""

from __future__ import annotations

import os
import shutil

from lightship.core.errors import InvalidInputError
from lightship.core.manifest import Manifest
from lightship.index.storage.scratch_index import link_apart, searcher_of

TRIAL = "trial"


def check_opens(folder: str, manifest: Manifest, old: Manifest | None) -> None:
    """Raise InvalidInputError unless the segments of `manifest` that `old` has not can be opened.

    Their files are in `folder`. It takes about a millisecond: hard links, and nothing is synced.
    """
    known = old.segments if old else []
    new = [segment for segment in manifest.segments if segment not in known]
    if not new:
        return
    trial = os.path.join(folder, TRIAL)
    drop_trial(folder)
    os.mkdir(trial)
    try:
        link_apart(trial, folder, manifest.layout.schema, new)
        trouble = _open(trial, sum(segment.documents - segment.deleted for segment in new))
    finally:
        drop_trial(folder)
    if trouble:
        raise InvalidInputError(
            f"generation {manifest.generation} of shard {manifest.shard} can't be opened ({trouble[:300]}); "
            "move the indexer's data folder away, and it builds its shard anew"
        )


def drop_trial(folder: str) -> None:
    """Remove what a crash may have left."""
    shutil.rmtree(os.path.join(folder, TRIAL), ignore_errors=True)


def _open(trial: str, documents: int) -> str:
    """Return why the index in `trial` can't be opened as one of so many documents; an empty string if it can."""
    try:
        found = searcher_of(trial).num_docs
    except (ValueError, OSError) as error:
        return str(error)
    except BaseException as error:  # tantivy panics on some broken files; that is no Exception, and can't be imported
        if type(error).__name__ != "PanicException":
            raise
        return str(error)
    return "" if found == documents else f"it has {found} documents, not {documents}"
