"""Files in SECRETS_DIR: what counts as one, which version is read, what is refused."""

import os
from pathlib import Path

import pytest

from app.core.settings import ConfigurationError, secret_files


def version(directory: Path, name: str, value: str) -> None:
    """Puts the version into force as Kubernetes does: by one link."""
    (directory / name).mkdir()
    (directory / name / "SECRET_KEY").write_text(value)
    (directory / "..link").symlink_to(name)
    (directory / "..link").rename(directory / "..data")


def test_a_file_is_read_by_its_name_in_any_case_and_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "SECRET_KEY").write_text("one\n")
    (tmp_path / "monitoring_token").write_text(" two ")
    (tmp_path / "tls.crt").write_bytes(b"\xff\xfe")
    (tmp_path / "..hidden").write_bytes(b"\xff\xfe")
    (tmp_path / "folder").mkdir()

    assert secret_files.read(tmp_path) == {"secret_key": "one", "monitoring_token": "two"}


def test_a_volume_is_read_behind_its_link_in_one_version(tmp_path: Path) -> None:
    version(tmp_path, "..1", "one")
    (tmp_path / "SECRET_KEY").write_text("of another version")

    assert secret_files.read(tmp_path) == {"secret_key": "one"}


def test_a_version_that_goes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version(tmp_path, "..1", "one")
    value_of = secret_files._value

    def replaced(path: Path) -> str:
        if path.parent.name == "..1":
            version(tmp_path, "..2", "two")
            path.unlink()
        return value_of(path)

    monkeypatch.setattr(secret_files, "_value", replaced)

    assert secret_files.read(tmp_path) == {"secret_key": "two"}


def test_a_directory_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"SECRETS_DIR: .*gone"):
        secret_files.read(tmp_path / "gone")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hidden\xff", "is not UTF-8 text"),
        (b"hidden" * 20_000, "has more than 65536 bytes"),
        (b"refused", "cannot be read"),
    ],
)
def test_a_file_that_holds_no_value_is_named_and_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    (tmp_path / "SECRET_KEY").write_bytes(content)

    def refused(*_: object, **__: object) -> None:
        """As another user's file is; a test that runs as root could read that."""
        raise PermissionError(os.strerror(13))

    if content == b"refused":
        monkeypatch.setattr(Path, "open", refused)

    with pytest.raises(ConfigurationError, match=f"SECRETS_DIR: SECRET_KEY {words}") as caught:
        secret_files.read(tmp_path)

    assert "hidden" not in str(caught.value)
