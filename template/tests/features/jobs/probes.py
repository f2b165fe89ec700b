"""Jobs of the tests' own, and `python -m tests.features.jobs.probes`: a worker that knows them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

from app import installed
from app.core import clock
from app.core.security.lockout import CounterRow
from app.core.settings import Settings
from app.domains import Domain
from app.features.jobs.cron import Cron
from app.features.jobs.queue import GiveUpError, Job, Run
from tests.support.server import Server, started

FOREVER = timedelta(days=1)


class Mark(BaseModel):
    name: str = "mark"
    seconds: float = 0.0


async def _count(run: Run, payload: Mark) -> None:
    """One more under that name, in the transaction in which the job is done."""
    await asyncio.sleep(payload.seconds)
    row = run.database.insert(CounterRow).values(
        key=payload.name, count=1, expires_at=clock.now() + FOREVER
    )
    async with run.finishing() as session:
        await session.execute(
            row.on_conflict_do_update(
                index_elements=[CounterRow.key], set_={"count": CounterRow.count + 1}
            )
        )


async def _fail(run: Run, payload: Mark) -> None:
    raise ValueError(f"{payload.name} cannot be done")


async def _refuse(run: Run, payload: Mark) -> None:
    raise GiveUpError(f"{payload.name} will never be done")


async def _wait(run: Run, payload: Mark) -> None:
    await asyncio.sleep(payload.seconds)


COUNT = Job(name="probe.count", payload=Mark, handler=_count)
FAIL = Job(name="probe.fail", payload=Mark, handler=_fail, max_attempts=3, backoff_seconds=0.01)
REFUSE = Job(name="probe.refuse", payload=Mark, handler=_refuse)
WAIT = Job(name="probe.wait", payload=Mark, handler=_wait)
SLOW = Job(
    name="probe.slow",
    payload=Mark,
    handler=_wait,
    timeout_seconds=0.05,
    max_attempts=1,
)
TICK = Job(name="probe.tick", payload=Mark, handler=_count, schedule=Cron("* * * * *"))


def install_nothing(app: FastAPI, settings: Settings) -> None: ...


DOMAIN = Domain(install=install_nothing, jobs=(COUNT, FAIL, REFUSE, WAIT, SLOW, TICK))


@contextmanager
def working(
    database_url: str,
    redis_url: str | None,
    directory: Path,
    module: str = "tests.features.jobs.probes",
    **variables: str,
) -> Iterator[Server]:
    """A worker in a process of its own that has said that it started."""
    own = {"WORKER_HEALTH_FILE": str(directory / "worker.alive")}
    own |= {"REDIS_URL": redis_url} if redis_url else {}
    with started([module], database_url, None, **own, **variables) as worker:
        worker.wait_for("worker.started")
        yield worker


if __name__ == "__main__":
    from app.features.jobs.worker_command import worker

    installed.DOMAINS = (DOMAIN,)
    worker()
