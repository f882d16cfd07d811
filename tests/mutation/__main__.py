"""Changes the code at random, and tells which changes no unit test notices: `python -m mutation -count=200 -seed=1 [MODULES …]`.

Run it from `tests/`. Each mutant is written into a copy of `src`, and the tests run that are near to its module until one fails.
What came of each is a line of the results; those that have one are not tried again, so that it goes on where it was cut off.
200 take some hours; run `-part=1/2` and `-part=2/2` side by side, with few `-files` at first: then take the lines of survivors
out of the results, and run it again with more. A survivor is an argument for a test, for deleting the line, or
it is equivalent.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from mutation.choose import draw, nearest_tests
from mutation.trial import Trial

ROOT = Path(__file__).parents[2]
MODULES = ("doclog", "index", "indexer", "rpc", "searchengine/store")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m mutation", description=__doc__)
    parser.add_argument("-count", type=int, default=200, help="mutants (default: %(default)s)")
    parser.add_argument("-seed", type=int, default=1, help="number that they are drawn by (default: %(default)s)")
    parser.add_argument("-part", default="1/1", help="which of them are tried, like 1/2 (default: %(default)s)")
    parser.add_argument("-files", type=int, default=16, help="test files, the nearest ones (default: %(default)s)")
    parser.add_argument("-results", type=Path, help="file that the results are added to (default: mutants-SEED.txt)")
    parser.add_argument("modules", nargs="*", default=MODULES, help="folders, files or globs below src/lightship")
    settings = parser.parse_args()
    results = settings.results or Path(f"mutants-{settings.seed}.txt")
    part, parts = map(int, settings.part.split("/"))
    drawn = draw(settings.count, settings.seed, ROOT / "src", settings.modules)[part - 1 :: parts]
    known = {line.split("\t")[1] for line in results.read_text().splitlines()} if results.exists() else set()
    with tempfile.TemporaryDirectory(prefix="m") as folder:
        trial = Trial(ROOT / "src", ROOT, Path(folder))
        for path, mutant in drawn:
            told = f"{path}:{mutant.line}:{mutant.column}: {mutant.before!r} -> {mutant.after!r}"
            if told in known:
                continue
            began = time.monotonic()
            without = "nats-3" if "jetstream" in path.parts else "nats or jetstream"  # servers take long to start
            tests = nearest_tests(path, ROOT / "tests")[: settings.files]
            noticed = trial.noticed_by(path, mutant.source, tests, without)
            line = "\t".join(
                ("noticed" if noticed else "SURVIVED", told, f"{time.monotonic() - began:.0f} s", noticed or "")
            )
            print(line, flush=True)
            with results.open("a") as file:
                file.write(line + "\n")


if __name__ == "__main__":
    main()
