"""Runs `lightship chaos` with less patience: `python -m cluster.impatient chaos ARGUMENTS`.

It waits 5 s after the last repair, not 30, and reads for 20 s more, not 60: no wait brings back what is lost for good.
"""

from __future__ import annotations

from lightship.chaos.load import settling
from lightship.cli.commands import chaos
from lightship.cli.main import main

if __name__ == "__main__":
    chaos.SETTLE_SECONDS = 5.0
    settling.LATER_SECONDS = 20.0
    main()
