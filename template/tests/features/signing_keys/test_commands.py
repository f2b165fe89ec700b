"""`app keys rotate` and `app keys list`."""

import stat
from pathlib import Path

import pytest

from app.core.settings import ConfigurationError
from tests.support.command_line import App
from tests.support.key_files import OLD, new_key, put_key


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The configured one; it does not exist yet."""
    path = tmp_path / "keys"
    monkeypatch.setenv("JWT_KEYS_DIR", str(path))
    return path


@pytest.fixture
def undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A production that says nowhere where its keys are."""
    monkeypatch.setenv("ENVIRONMENT", "production")


def test_the_first_key_is_written_with_mode_0600(app: App, directory: Path) -> None:
    result = app("keys", "rotate")

    [path] = directory.iterdir()
    assert result.stdout.strip() == f"wrote {path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_rotate_adds_a_key_and_says_when_the_old_one_may_be_removed(
    app: App, directory: Path
) -> None:
    old = put_key(directory, OLD, new_key("ES256"))
    before = old.read_bytes()

    result = app("keys", "rotate")

    assert len(list(directory.iterdir())) == 2
    assert old.read_bytes() == before
    assert f"remove {old.name}" in result.stdout


def test_two_keys_of_one_second_are_refused(
    app: App, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.features.signing_keys.directory.KID_FORMAT", OLD)
    put_key(directory, OLD, new_key("ES256"))

    result = app("keys", "rotate")

    assert "try again" in str(result.exception)
    assert len(list(directory.iterdir())) == 1


def test_list_shows_every_key_and_no_private_part(app: App, directory: Path) -> None:
    path = put_key(directory, OLD, new_key("ES256"))
    app("keys", "rotate")

    lines = app("keys", "list").stdout.splitlines()

    assert [line.split()[1] for line in lines] == ["ES256", "ES256"]
    assert [line.split()[-1] for line in lines] == ["signs", "verifies"]
    assert lines[0].startswith(f"{OLD}  ES256  20")
    assert path.read_text().splitlines()[1] not in "".join(lines)


@pytest.mark.usefixtures("undecided")
@pytest.mark.parametrize("command", ["rotate", "list"])
def test_production_without_a_directory_is_told_what_to_do(
    app: App, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATA_DIR", str(tmp_path))

    result = app("keys", command)

    assert result.exit_code != 0
    assert isinstance(result.exception, ConfigurationError)
    [problem] = result.exception.problems
    assert problem.startswith("JWT_KEYS_DIR: not set")
    assert "set it to a directory" in problem
    assert "--directory" in problem
    assert not any(tmp_path.iterdir())


@pytest.mark.usefixtures("undecided")
def test_a_directory_may_be_given_where_none_is_set(app: App, tmp_path: Path) -> None:
    given = ("--directory", str(tmp_path / "keys"))

    written = app("keys", "rotate", *given)
    listed = app("keys", "list", *given)

    [path] = (tmp_path / "keys").iterdir()
    assert written.stdout.strip() == f"wrote {path}"
    assert listed.stdout.startswith(f"{path.stem}  ES256")


def test_list_of_no_key_is_an_error(app: App, directory: Path) -> None:
    assert isinstance(app("keys", "list").exception, ConfigurationError)
