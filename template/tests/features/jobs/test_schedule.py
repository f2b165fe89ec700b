"""What recurs is enqueued once a moment, by one of several workers, and made up for once."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update

from app.core import clock
from app.core.database import Database
from app.features.jobs.cron import Cron
from app.features.jobs.models import JobRow, ScheduleRow
from app.features.jobs.queue import Job, Run
from app.features.jobs.schedule import Schedule
from tests.features.jobs.probes import Mark
from tests.support.service import Service

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


async def _nothing(run: Run, payload: Mark) -> None: ...


HOURLY = Job(name="probe.hourly", payload=Mark, handler=_nothing, schedule=Cron("0 * * * *"))


async def scheduled(database: Database) -> list[JobRow]:
    async with database.read() as session:
        return list(await session.scalars(select(JobRow).where(JobRow.name == HOURLY.name)))


async def passed(database: Database, hours: int) -> None:
    """As if nobody had looked for so long."""
    due = clock.now() - timedelta(hours=hours)
    async with database.write() as session:
        row = update(ScheduleRow).where(ScheduleRow.name == HOURLY.name)
        await session.execute(row.values(next_at=due))


async def next_at(database: Database) -> timedelta:
    async with database.read() as session:
        row = await session.get(ScheduleRow, HOURLY.name)
    assert row is not None
    return row.next_at - clock.now()


async def test_nothing_is_due_before_its_first_moment(own_service: Service) -> None:
    schedule = Schedule(own_service.database, [HOURLY])

    await schedule.begin()
    await schedule.enqueue_due()

    assert await scheduled(own_service.database) == []
    assert timedelta() < await next_at(own_service.database) <= timedelta(hours=1)


async def test_of_two_workers_one_enqueues(own_service: Service) -> None:
    workers = [Schedule(own_service.database, [HOURLY]) for _ in range(2)]
    await asyncio.gather(*(worker.begin() for worker in workers))
    await passed(own_service.database, hours=1)

    await asyncio.gather(*(worker.enqueue_due() for worker in workers for _ in range(3)))

    assert len(await scheduled(own_service.database)) == 1


async def test_many_missed_moments_are_made_up_for_once(own_service: Service) -> None:
    schedule = Schedule(own_service.database, [HOURLY])
    await schedule.begin()
    await passed(own_service.database, hours=9)

    again = Schedule(own_service.database, [HOURLY])
    await again.begin()
    await again.enqueue_due()
    await again.enqueue_due()

    assert len(await scheduled(own_service.database)) == 1
    assert await next_at(own_service.database) > timedelta()


async def test_a_schedule_that_comes_earlier_now_is_moved(own_service: Service) -> None:
    async with own_service.database.write() as session:
        late = clock.now() + timedelta(days=30)
        session.add(ScheduleRow(name=HOURLY.name, next_at=late))

    await Schedule(own_service.database, [HOURLY]).begin()

    assert await next_at(own_service.database) <= timedelta(hours=1)
