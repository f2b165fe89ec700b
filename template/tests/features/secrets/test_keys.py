"""In which order secrets are used while their list changes."""

from datetime import timedelta

import pytest

from app.features.secrets.keys import RotatingKeys
from tests.support.time_travel import advance

OLD, NEW, NEWER = b"old", b"new", b"newer"


def test_a_new_one_verifies_at_once_and_signs_a_minute_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secrets = RotatingKeys([OLD])
    secrets.replace([NEW, OLD])

    at_once = secrets.in_use()
    advance(monkeypatch, timedelta(seconds=61))

    assert at_once == [OLD, NEW]
    assert secrets.in_use() == [NEW, OLD]


def test_one_that_replaces_what_is_gone_signs_at_once() -> None:
    secrets = RotatingKeys([OLD])

    secrets.replace([NEW])

    assert secrets.in_use() == [NEW]


def test_one_that_was_known_already_signs_at_once() -> None:
    secrets = RotatingKeys([OLD, NEW])

    secrets.replace([NEW, OLD])

    assert secrets.in_use() == [NEW, OLD]


def test_another_change_does_not_shorten_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    secrets = RotatingKeys([OLD])
    secrets.replace([NEW, OLD])
    advance(monkeypatch, timedelta(seconds=30))

    secrets.replace([NEW, OLD, NEWER])
    during = secrets.in_use()
    advance(monkeypatch, timedelta(seconds=31))

    assert during == [OLD, NEW, NEWER]
    assert secrets.in_use() == [NEW, OLD, NEWER]


def test_none_at_all_stay_none() -> None:
    secrets = RotatingKeys([])

    secrets.replace([NEW])

    assert secrets.in_use() == [NEW]
