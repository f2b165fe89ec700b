"""The console command: its help, its exit statuses, its sentences."""

import sys

import pytest
from sqlalchemy.exc import OperationalError

from app import cli
from app.commands import failures


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


def test_success_is_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(monkeypatch, "keys", "generate") == 0


@pytest.mark.parametrize("words", [["nonsense"], ["serve", "--port", "70000"], ["db", "downgrade"]])
def test_wrong_usage_is_2(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(monkeypatch, *words) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["seed", "--users", "1"], "run `app db upgrade`"),
        (["db", "backup", "not/there/file"], "not/there/file"),
    ],
)
def test_a_failure_that_is_not_its_own_is_1_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite+aiosqlite:///empty.db")

    code = status(monkeypatch, *words)

    error = capsys.readouterr().err
    assert code == 1
    assert said in error
    assert "Traceback" not in error


def test_a_database_that_is_away_is_named() -> None:
    error = OperationalError("SELECT 1", {}, ConnectionRefusedError("nobody listens"))

    assert failures.sentence(error) == "the database cannot be asked: nobody listens"


def test_a_fault_of_its_own_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty() -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(cli, "cli", faulty)

    with pytest.raises(KeyError):
        cli.main()


def test_a_refused_configuration_is_1_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVIRONMENT", "production")

    code = status(monkeypatch, "serve")

    error = capsys.readouterr().err
    assert code == 1
    assert "SECRET_KEY: " in error
    assert "TRUSTED_HOSTS: " in error
    assert "Traceback" not in error
