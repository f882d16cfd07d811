"""Runs `lightship chaos` which waits 5 s after the last repair, not 30: `python -m cluster.impatient chaos ARGUMENTS`.

For what is lost for good: no wait brings it back.
"""

from __future__ import annotations

from lightship.cli.commands import chaos
from lightship.cli.main import main

if __name__ == "__main__":
    chaos.SETTLE_SECONDS = 5.0
    main()
