"""The console command: its help, its exit statuses, its sentences."""

import sys

import pytest
from sqlalchemy.exc import OperationalError

from app import cli


def status(monkeypatch: pytest.MonkeyPatch, *words: str) -> object:
    monkeypatch.setattr(sys, "argv", ["app", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["db"],
        ["config"],
        ["keys"],
        ["serve"],
        ["init-admin"],
        ["setup"],
        ["users", "set-password"],
        ["roles"],
        ["openapi"],
        ["doctor"],
        ["new"],
        ["new", "domain"],
    ],
)
def test_every_command_has_help(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code = status(monkeypatch, *words, "--help")

    assert code == 0
    assert "Usage" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["keys", "generate"], 0),
        (["nonsense"], 2),
        (["serve", "--port", "70000"], 2),
        (["db", "downgrade"], 2),
    ],
)
def test_success_is_0_and_wrong_usage_is_2(
    words: list[str],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status(monkeypatch, *words) == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["seed", "--users", "1"], "test", "run `app db upgrade`"),
        (["db", "backup", "not/there/file"], "test", "not/there/file"),
        (["serve"], "production", "SECRET_KEY: "),
    ],
)
def test_a_failure_that_is_not_its_own_is_1_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    environment: str,
    said: str,
) -> None:
    monkeypatch.setenv("ENVIRONMENT", environment)
    monkeypatch.setenv("DATABASE_URL", "sqlite+aiosqlite:///empty.db")

    code = status(monkeypatch, *words)

    error = capsys.readouterr().err
    assert code == 1
    assert said in error
    assert "Traceback" not in error


def test_a_database_that_is_away_is_named() -> None:
    error = OperationalError("SELECT 1", {}, ConnectionRefusedError("nobody listens"))

    assert cli.sentence(error) == "the database cannot be asked: nobody listens"


def test_a_fault_of_its_own_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty() -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(cli, "cli", faulty)

    with pytest.raises(KeyError):
        cli.main()
