"""The console command: its help, its exit statuses, its sentences."""

import sys

import pytest

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
