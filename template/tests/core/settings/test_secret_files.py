"""Files in SECRETS_DIR: what counts as one, which version is read, what is refused."""

import os
from pathlib import Path

import pytest

from app.core.settings import ConfigurationError, secret_files
from tests.support.secret_files import SecretFiles


def test_a_file_is_read_by_its_name_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "SECRET_KEY").write_text("one\n")
    (tmp_path / "monitoring_token").write_text(" two ")

    assert secret_files.read(tmp_path) == {"secret_key": "one", "monitoring_token": "two"}


def test_what_cannot_be_a_setting_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "tls.crt").write_bytes(b"\xff\xfe")
    (tmp_path / "..hidden").write_bytes(b"\xff\xfe")
    (tmp_path / "folder").mkdir()

    assert secret_files.read(tmp_path) == {}


def test_a_volume_is_read_behind_its_link_in_one_version(tmp_path: Path) -> None:
    files = SecretFiles(tmp_path / "secrets")
    files.put(secret_key="one", monitoring_token="one")
    before = secret_files.read(files.directory)

    files.put(secret_key="two", monitoring_token="two")

    assert before == {"secret_key": "one", "monitoring_token": "one"}
    assert secret_files.read(files.directory) == {"secret_key": "two", "monitoring_token": "two"}


def test_a_version_that_goes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = SecretFiles(tmp_path / "secrets")
    files.put(secret_key="one")
    versions, value_of = iter(["two"]), secret_files._value

    def swapped(path: Path) -> str:
        for version in versions:
            files.put(secret_key=version)
        return value_of(path)

    monkeypatch.setattr(secret_files, "_value", swapped)

    assert secret_files.read(files.directory) == {"secret_key": "two"}


def test_a_directory_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"SECRETS_DIR: .*gone"):
        secret_files.read(tmp_path / "gone")


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"hidden\xff", "is not UTF-8 text"), (b"hidden" * 20_000, "has more than 65536 bytes")],
)
def test_a_file_that_holds_no_value_is_named_and_not_shown(
    tmp_path: Path, content: bytes, words: str
) -> None:
    (tmp_path / "SECRET_KEY").write_bytes(content)

    with pytest.raises(ConfigurationError, match=f"SECRETS_DIR: SECRET_KEY {words}") as caught:
        secret_files.read(tmp_path)

    assert "hidden" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another user's is; a test that runs as root could read that."""
    (tmp_path / "SECRET_KEY").write_text("one")

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(os.strerror(13))

    monkeypatch.setattr(Path, "open", refused)

    with pytest.raises(ConfigurationError, match="SECRET_KEY cannot be read"):
        secret_files.read(tmp_path)
