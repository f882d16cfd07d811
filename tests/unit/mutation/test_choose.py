"""Modules are named by folders, files and globs; the tests nearest to a module come first."""

from __future__ import annotations

from pathlib import Path

import pytest

from mutation.choose import draw, modules, nearest_tests

MODULE = Path("lightship/doclog/codec.py")


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_a_folder_a_file_and_a_glob_name_modules(tmp_path: Path) -> None:
    _write(
        tmp_path / "lightship",
        {"a/b.py": "", "a/c/d.py": "", "a/DESIGN.md": "", "e/store.py": "", "e/stored.py": "", "e/f.py": ""},
    )

    def named(pattern: str) -> list[str]:
        return sorted(map(str, modules(tmp_path, pattern)))

    assert named("a") == ["lightship/a/b.py", "lightship/a/c/d.py"]
    assert named("e/f.py") == ["lightship/e/f.py"]
    assert named("e/store*") == ["lightship/e/store.py", "lightship/e/stored.py"]
    with pytest.raises(SystemExit, match="g: no module"):
        named("g")


def test_a_seed_always_draws_the_same_and_a_module_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    _write(tmp_path / "lightship", {"a/b.py": "x = [1, 2, 3, 4]\n"})
    every = draw(10, 1, tmp_path, ["a", "a/b.py"])
    assert sorted((str(path), mutant.before) for path, mutant in every) == [("lightship/a/b.py", n) for n in "1234"]
    assert draw(2, 7, tmp_path, ["a"]) == draw(2, 7, tmp_path, ["a"])


def test_nearest_tests_come_first_and_smaller_ones_before_larger_ones(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "unit/doclog/test_codec.py": "from lightship.doclog.codec import pack\n" + "# long\n" * 100,
            "unit/doclog/test_beside.py": "# larger\n",
            "unit/doclog/test_small.py": "",
            "unit/doclog/test_naming.py": "from lightship.doclog import codec\n",
            "unit/crawler/test_naming.py": "import lightship.doclog.codec\n",
            "unit/crawler/test_codec.py": "",  # of another module
            "unit/crawler/test_package.py": "from lightship.doclog import open_log\n",
            "contract/test_package.py": "from lightship.doclog import open_log\n",
        },
    )
    assert [str(file.relative_to(tmp_path)) for file in nearest_tests(MODULE, tmp_path)] == [
        "unit/doclog/test_codec.py",
        "unit/doclog/test_naming.py",
        "unit/crawler/test_naming.py",
        "unit/doclog/test_small.py",
        "unit/doclog/test_beside.py",
        "contract/test_package.py",
    ]
