"""The secret of a `lightship up`: generated once, private, and trusted only if this user owns it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lightship.cli.system.secret import FILE, adopt_secret, keep_secret
from lightship.config import TOKEN_VARIABLE
from lightship.core.errors import ConfigurationError


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN_VARIABLE, "")


def test_it_is_made_once_and_kept(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(keep_secret, [str(tmp_path)] * 20))
    assert len(found) == 1
    assert len(found.pop()) == 64
    assert os.listdir(tmp_path) == [FILE]
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_two_folders_have_two(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
    assert keep_secret(str(tmp_path / "a")) != keep_secret(str(tmp_path / "b"))


def test_what_others_could_read_is_made_private(tmp_path: Path) -> None:
    secret = keep_secret(str(tmp_path))
    (tmp_path / FILE).chmod(0o644)
    assert keep_secret(str(tmp_path)) == secret
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "content", [b"", b"short", b"\xff" * 64, b"a" * 40 + b"\n" + b"b" * 40, b"with, a comma and more"]
)
def test_what_is_no_secret_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ConfigurationError, match="does not contain a valid secret; remove it"):
        keep_secret(str(tmp_path))


def test_a_link_or_a_folder_in_its_place_is_told(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("a" * 64)
    (tmp_path / FILE).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError, match="can't read the secret"):
        keep_secret(str(tmp_path))
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with pytest.raises(ConfigurationError, match="can't read the secret"):
        keep_secret(str(tmp_path))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files of another user")
def test_another_user_s_file_is_not_believed(tmp_path: Path) -> None:
    """Otherwise anyone could plant a secret in a world-writable folder, and know that of a system started there."""
    keep_secret(str(tmp_path))
    os.chown(tmp_path / FILE, 65534, 65534)
    with pytest.raises(ConfigurationError, match="another user"):
        keep_secret(str(tmp_path))


def test_a_command_adopts_it_unless_it_has_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    adopt_secret(str(tmp_path / "none"))
    assert os.environ[TOKEN_VARIABLE] == ""
    secret = keep_secret(str(tmp_path))
    adopt_secret(str(tmp_path))
    assert os.environ[TOKEN_VARIABLE] == secret
    monkeypatch.setenv(TOKEN_VARIABLE, "of the user")
    adopt_secret(str(tmp_path))
    assert os.environ[TOKEN_VARIABLE] == "of the user"


def test_a_command_goes_on_without_what_it_can_t_use(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text("short")
    adopt_secret(str(tmp_path))
    assert os.environ[TOKEN_VARIABLE] == ""
    assert "ignoring the secret" in caplog.text
