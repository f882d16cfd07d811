"""A mutant is noticed by a test that fails on it alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mutation.trial import Trial

pytestmark = pytest.mark.slow

MODULE = Path("thing.py")
USES = "import thing\ndef test_one(): assert thing.ONE == 1\n"
FAILS = "def test_always(): assert False\n"
PASSES = "def test_never(): pass\n"

Notice = Callable[..., str | None]


@pytest.fixture
def noticed_by(tmp_path: Path) -> Notice:
    """Try one change of ONE = 1 with test files of these texts, called test_0.py and so on."""
    source, root, folder = (tmp_path / name for name in ("src", "root", "folder"))
    for made in (source, root, folder):
        made.mkdir()
    (source / MODULE).write_text("ONE = 1\n")
    (root / "pytest.ini").touch()
    trial = Trial(source, root, folder)

    def notice(changed: str, *tests: str) -> str | None:
        files = [root / f"test_{number}.py" for number in range(len(tests))]
        for file, text in zip(files, tests, strict=True):
            file.write_text(text)
        return trial.noticed_by(MODULE, changed, [Path(file.name) for file in files], "nats or docker")

    return notice


def test_a_test_that_fails_on_it_alone_notices_it(noticed_by: Notice) -> None:
    assert noticed_by("ONE = 2\n", PASSES, USES) == "test_1.py::test_one"


def test_it_survives_tests_that_pass_and_the_next_one_begins_with_the_unchanged_module(noticed_by: Notice) -> None:
    assert noticed_by("ONE = 2\n", PASSES) is None
    assert noticed_by("ONE = 1  # once more\n", USES) is None


def test_a_test_that_fails_on_the_unchanged_code_too_tells_nothing_and_the_others_go_on(noticed_by: Notice) -> None:
    assert noticed_by("ONE = 2\n", FAILS) is None
    assert noticed_by("ONE = 2\n", FAILS + USES) == "test_0.py::test_one"
    assert noticed_by("ONE = 2\n", *[PASSES] * 5, FAILS, USES) == "test_6.py::test_one"


def test_a_test_that_fails_now_and_then_tells_nothing(noticed_by: Notice, tmp_path: Path) -> None:
    once = f"import pathlib\ndef test_once():\n    path = pathlib.Path({str(tmp_path / 'seen')!r})\n    seen = path.exists()\n    path.touch()\n    assert seen\n"
    assert noticed_by("ONE = 2\n", once, USES) == "test_1.py::test_one"


def test_a_file_that_the_unchanged_code_cannot_even_import_tells_nothing(noticed_by: Notice) -> None:
    assert noticed_by("ONE = 2\n", "import missing\n") is None
    assert noticed_by("ONE = 2\n", "import missing\n", USES) == "test_1.py::test_one"


def test_a_module_that_cannot_be_imported_any_more_is_noticed(noticed_by: Notice) -> None:
    assert noticed_by("ONE = None + 1\n", USES) == "test_0.py"


def test_a_change_that_ends_the_process_of_the_tests_is_noticed(noticed_by: Notice) -> None:
    assert noticed_by("import os\nos._exit(3)\n", PASSES, USES) == "test_0.py test_1.py"


def test_tests_are_left_out_by_a_part_of_their_names(noticed_by: Notice) -> None:
    assert noticed_by("ONE = 2\n", USES.replace("test_one", "test_one_with_nats")) is None
