"""A job is there once its transaction is committed, runs once, and ends well or in a grave."""

from datetime import timedelta

import pytest
from pydantic import BaseModel
from sqlalchemy import func, select

from app.core import clock
from app.core.security.lockout import CounterRow
from app.features.jobs.cron import Cron
from app.features.jobs.models import JobRow, JobStatus
from app.features.jobs.queue import Job, JobQueue, LeaseLostError, Run
from app.features.jobs.store import JobStore
from tests.features.jobs.probes import COUNT, FAIL, REFUSE, SLOW, WAIT, Mark
from tests.features.jobs.work import drained, enqueued, reached, row_of
from tests.support.service import Service

ENDED = (JobStatus.DONE, JobStatus.DEAD)


async def count_of(service: Service, name: str) -> int:
    async with service.database.read() as session:
        return await session.scalar(select(CounterRow.count).where(CounterRow.key == name)) or 0


async def number_of_jobs(service: Service) -> int:
    async with service.database.read() as session:
        counted = select(func.count()).where(JobRow.name == COUNT.name)
        return await session.scalar(counted) or 0


async def test_what_was_committed_runs_once_and_leaves_no_payload(worked: Service) -> None:
    job_id = await enqueued(worked, COUNT, Mark(name="once"))

    row = await reached(worked, job_id, ENDED)

    assert (row.status, row.attempts, row.payload) == (JobStatus.DONE, 1, {})
    assert row.finished_at is not None
    assert await count_of(worked, "once") == 1


async def test_what_is_rolled_back_was_never_enqueued(worked: Service) -> None:
    async def refused() -> None:
        async with worked.database.write() as session:
            await JobQueue(worked.database, session).enqueue(COUNT, Mark())
            raise LookupError

    with pytest.raises(LookupError):
        await refused()

    assert await number_of_jobs(worked) == 0


async def test_a_key_names_one_job_for_ever(worked: Service) -> None:
    first = await enqueued(worked, COUNT, Mark(name="key"), key="one")
    await drained(worked)

    again = await enqueued(worked, COUNT, Mark(name="key"), key="one")
    of_another = await enqueued(worked, WAIT, Mark(), key="one")
    await drained(worked)

    assert again == first != of_another
    assert await count_of(worked, "key") == 1


@pytest.mark.parametrize("key", ["", "k" * 129])
async def test_a_key_that_no_row_holds_is_refused(worked: Service, key: str) -> None:
    with pytest.raises(ValueError, match="128"):
        await enqueued(worked, COUNT, Mark(), key=key)


async def test_a_job_waits_for_its_moment(worked: Service) -> None:
    job_id = await enqueued(worked, COUNT, Mark(), run_at=clock.now() + timedelta(hours=1))
    await drained(worked)

    assert (await row_of(worked, job_id)).status == JobStatus.WAITING


async def test_a_poisoned_job_is_tried_and_then_buried_with_its_error(worked: Service) -> None:
    job_id = await enqueued(worked, FAIL, Mark(name="it"))

    row = await reached(worked, job_id, ENDED)

    assert (row.status, row.attempts) == (JobStatus.DEAD, 3)
    assert row.last_error == "ValueError: it cannot be done"
    assert row.payload == {"name": "it", "seconds": 0.0}


async def test_what_gives_up_is_not_tried_again(worked: Service) -> None:
    row = await reached(worked, await enqueued(worked, REFUSE, Mark(name="it")), ENDED)

    assert (row.status, row.attempts) == (JobStatus.DEAD, 1)
    assert row.last_error == "GiveUpError: it will never be done"


async def test_what_takes_too_long_has_failed(worked: Service) -> None:
    row = await reached(worked, await enqueued(worked, SLOW, Mark(seconds=30)), ENDED)

    assert (row.status, row.last_error) == (JobStatus.DEAD, "TimeoutError: ")


async def test_a_payload_that_the_code_no_longer_takes_is_a_failure(worked: Service) -> None:
    class Old(BaseModel):
        name: list[int]

    async def handler(run: Run, payload: Old) -> None: ...

    old = Job(name=FAIL.name, payload=Old, handler=handler)
    row = await reached(worked, await enqueued(worked, old, Old(name=[1])), ENDED)

    assert row.last_error is not None
    assert row.last_error.startswith("ValidationError")


async def test_a_job_that_this_code_does_not_know_waits_for_code_that_does(
    worked: Service,
) -> None:
    async def handler(run: Run, payload: Mark) -> None: ...

    newer = Job(name="probe.newer", payload=Mark, handler=handler)
    job_id = await enqueued(worked, newer, Mark())
    await drained(worked)

    row = await row_of(worked, job_id)
    assert (row.status, row.attempts) == (JobStatus.WAITING, 1)
    assert row.last_error == "LookupError: no job is called probe.newer"


async def test_what_a_lost_worker_does_late_is_not_kept(worked: Service) -> None:
    store = JobStore(worked.database)
    job_id = await enqueued(worked, WAIT, Mark(seconds=20))
    await reached(worked, job_id, [JobStatus.RUNNING])
    late = Run(worked.app, await row_of(worked, job_id))
    await store.release([(job_id, (await row_of(worked, job_id)).lease)])

    with pytest.raises(LeaseLostError):
        async with late.finishing():
            pass
    with pytest.raises(LeaseLostError):
        async with late.keeping({"step": 1}):
            pass

    assert (await row_of(worked, job_id)).progress == {}


async def test_progress_is_kept_for_the_next_attempt(worked: Service) -> None:
    job_id = await enqueued(worked, WAIT, Mark(seconds=20))
    row = await reached(worked, job_id, [JobStatus.RUNNING])

    async with Run(worked.app, row).keeping({"step": 7}):
        pass

    assert Run(worked.app, await row_of(worked, job_id)).progress == {"step": 7}


@pytest.mark.parametrize("name", ["", "Send", "two words", "9lives", "n" * 65])
def test_a_name_that_no_table_holds_is_refused(name: str) -> None:
    async def handler(run: Run, payload: Mark) -> None: ...

    with pytest.raises(ValueError, match="no name of a job"):
        Job(name=name, payload=Mark, handler=handler)


def test_what_recurs_needs_a_payload_of_defaults() -> None:
    class Needy(BaseModel):
        number: int

    async def handler(run: Run, payload: Needy) -> None: ...

    with pytest.raises(ValueError, match="number"):
        Job(name="needy", payload=Needy, handler=handler, schedule=Cron("* * * * *"))


def test_each_attempt_waits_longer_and_never_for_hours() -> None:
    delays = [FAIL.delay_seconds(attempt) for attempt in (1, 4, 40)]

    assert 0.005 <= delays[0] <= 0.01
    assert 0.04 <= delays[1] <= 0.08
    assert 450 <= delays[2] <= 900
