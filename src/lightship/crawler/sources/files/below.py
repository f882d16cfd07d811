"""Opening files of a folder that others may write to: nothing outside of it is opened, whatever links say, or change to."""

from __future__ import annotations

import errno
import os
import stat

_NOT_FILES = ("/dev", "/proc", "/sys")  # what looks like files there is this machine, and this process with its secrets
_THROUGH = getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC | os.O_DIRECTORY  # macOS can't do it unread
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe that took a file's place must not be waited for


class LeadsOutError(OSError):
    """A link leads out of the folder."""


def place_of(path: str, folder: str, *, follow: bool) -> str:
    """Return where `path`, found in `folder`, really is; raises LeadsOutError when that is not below `folder`.

    With `follow` it may be anywhere but in /dev, /proc and /sys.
    """
    place, base = os.path.realpath(path), os.path.realpath(folder)
    if is_below(place, base) or (follow and not any(is_below(place, other) for other in _NOT_FILES)):
        return place
    raise LeadsOutError(errno.EXDEV, "a link out of the folder", path)


def open_below(path: str, folder: str, *, follow: bool) -> int:
    """Return the descriptor of the regular file `path`, as `place_of` allows it; raises OSError, or LeadsOutError.

    The way there is gone again from the top without following any link: what changes meanwhile leads nowhere.
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
                raise OSError(errno.EINVAL, "no regular file", path)  # to open a device may do something
            here = os.open(name, os.O_NOFOLLOW | (_THROUGH if number < len(names) else _READ), dir_fd=above)
        finally:
            os.close(above)
    if stat.S_ISREG(os.fstat(here).st_mode):
        return here
    os.close(here)
    raise OSError(errno.EINVAL, "no regular file", path)


def is_below(place: str, folder: str) -> bool:
    """Return whether one real path is the other, or below it."""
    return place == folder or place.startswith(folder.rstrip("/") + "/")
