from __future__ import annotations

import logging
from pathlib import Path

import pytest

from lightship.core.errors import ConfigurationError, UnavailableError
from lightship.http.keys import revoked
from lightship.http.keys.revoked import Revoked


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoked, "LOOK_SECONDS", 0.0)


def test_the_file_is_read_again_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "revoked"
    path.write_text("# leaked in May\nold  # by mistake\n\n")
    found = Revoked(str(path))
    assert ("old" in found, "docs" in found) == (True, False)
    path.write_text("old\ndocs\n")
    assert "docs" in found
    path.write_text("")
    assert "docs" not in found


@pytest.mark.parametrize("content", [b"old\nnot a name\n", b"\xff\n", b"old\n" * 2_000_000])
def test_a_damaged_file_leaves_the_last_names_in_force(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "revoked"
    path.write_text("docs\n")
    found = Revoked(str(path))
    assert "docs" in found
    with caplog.at_level(logging.ERROR):
        path.write_bytes(content)
        assert ("docs" in found, "old" in found) == (True, False)
        path.unlink()
        assert "docs" in found
        assert "docs" in found
    assert len(caplog.records) == 2  # one for each state of the file
    assert "the last list stays in force" in caplog.text


def test_without_a_list_keys_are_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ConfigurationError, match="can't read the revoked keys"):
        Revoked(str(tmp_path / "none")).check_file()
    found = Revoked(str(tmp_path / "none"))
    with caplog.at_level(logging.CRITICAL), pytest.raises(UnavailableError):
        assert "docs" in found
    (tmp_path / "none").write_text("")
    assert "docs" not in found


def test_nothing_is_revoked_without_a_file() -> None:
    Revoked("").check_file()
    assert "docs" not in Revoked("")


def test_the_file_is_looked_at_once_a_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revoked, "LOOK_SECONDS", 3600.0)
    path = tmp_path / "revoked"
    path.write_text("")
    found = Revoked(str(path))
    assert "docs" not in found
    path.write_text("docs")
    assert "docs" not in found
