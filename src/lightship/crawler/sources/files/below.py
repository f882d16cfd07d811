"""Opens files in a folder that others may write to: nothing outside of it, whatever links there are or change to."""

from __future__ import annotations

import errno
import os
import stat

_NOT_FILES = ("/dev", "/proc", "/sys")  # pseudo-files, which expose the machine and this process's secrets
_THROUGH = getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC | os.O_DIRECTORY  # macOS has no O_PATH
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe in the place of a file must not block


class LeadsOutError(OSError):
    """A link leads out of the folder."""


def place_of(path: str, folder: str, *, follow: bool) -> str:
    """Return the real path of `path`, found in `folder`; raises LeadsOutError if that is not below `folder`.

    With `follow` it may be anywhere but in /dev, /proc and /sys.
    """
    place, base = os.path.realpath(path), os.path.realpath(folder)
    if is_below(place, base) or (follow and not any(is_below(place, other) for other in _NOT_FILES)):
        return place
    raise LeadsOutError(errno.EXDEV, "link to outside the folder", path)


def open_below(path: str, folder: str, *, follow: bool) -> int:
    """Return a descriptor of the regular file `path`, if `place_of` allows it; raises OSError or LeadsOutError.

    The real path is opened from the top without following links, so that a concurrent change can't redirect it.
    """
    place = place_of(path, folder, follow=follow)
    base = os.path.realpath(folder)
    if not is_below(place, base):
        base = "/"
    names = os.path.relpath(place, base).split(os.sep)
    here = os.open(base, _THROUGH)
    for number, name in enumerate(names, 1):
        above = here
        try:
            if number == len(names) and not stat.S_ISREG(os.stat(name, dir_fd=above, follow_symlinks=False).st_mode):
                raise OSError(errno.EINVAL, "not a regular file", path)  # opening a device may have side effects
            here = os.open(name, os.O_NOFOLLOW | (_THROUGH if number < len(names) else _READ), dir_fd=above)
        finally:
            os.close(above)
    if stat.S_ISREG(os.fstat(here).st_mode):
        return here
    os.close(here)
    raise OSError(errno.EINVAL, "not a regular file", path)


def is_below(place: str, folder: str) -> bool:
    """Whether the real path `place` is `folder`, or below it."""
    return place == folder or place.startswith(folder.rstrip("/") + "/")
