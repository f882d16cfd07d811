"""Runs a program whose wall clock is wrong: `python -m cluster.shifted FILE MODULE ARGUMENTS`.

The clock is ahead by as many seconds as FILE says at that moment (less than 0: behind).
"""

from __future__ import annotations

import runpy
import sys
import time
from pathlib import Path

FILE = Path(sys.argv.pop(1))

_real = time.time


def _shifted() -> float:
    return _real() + float(FILE.read_text() or 0)


time.time = _shifted

if __name__ == "__main__":
    runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
