"""The five fields of cron."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from app.features.jobs.cron import Cron

NOW = datetime(2026, 11, 25, 12, 30, 15, tzinfo=UTC)  # a Wednesday


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("* * * * *", "2026-11-25T12:31"),
        ("*/15 * * * *", "2026-11-25T12:45"),
        ("30 12 * * *", "2026-11-26T12:30"),
        ("0 3 * * *", "2026-11-26T03:00"),
        ("5,50 12-13 * * *", "2026-11-25T12:50"),
        ("0 9 * * 1-5", "2026-11-26T09:00"),
        ("0 9 * * 0", "2026-11-29T09:00"),
        ("0 0 1 * *", "2026-12-01T00:00"),
        ("0 0 31 1,3 *", "2027-01-31T00:00"),
        ("0 0 29 2 *", "2028-02-29T00:00"),
        ("0 0 1 * 6", "2026-11-28T00:00"),
        ("50/5 * * * *", "2026-11-25T12:50"),
    ],
)
def test_the_next_moment(expression: str, expected: str) -> None:
    due = Cron(expression).after(NOW)

    assert due == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_every_moment_is_later_than_the_one_before() -> None:
    cron, moment = Cron("*/20 */6 * * *"), NOW

    moments = []
    for _ in range(12):
        moment = cron.after(moment)
        moments.append(moment)

    assert moments == sorted(set(moments))
    assert all(moment.minute in {0, 20, 40} and moment.hour % 6 == 0 for moment in moments)


def test_a_moment_elsewhere_is_understood() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))

    assert Cron("0 13 * * *").after(there) == Cron("0 13 * * *").after(NOW)


@pytest.mark.parametrize(
    "expression",
    [
        *("", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "x * * * *"),
        *("* * * * 7", "5-1 * * * *", "*/0 * * * *", "0 0 30 2 *"),
    ],
)
def test_what_is_no_schedule_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"fields|within|never|invalid literal"):
        Cron(expression)
