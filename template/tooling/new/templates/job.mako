<% CONSTANT = name.upper() %>
=== app/domains/${plural}/${name}_job.py
"""The job `${plural}.${name}`: what it is enqueued with, and what it does."""

from pydantic import BaseModel

from app.features.jobs.queue import Job, Run


class ${Payload}(BaseModel):
    note: str = ""


async def ${name}(run: Run, payload: ${Payload}) -> None:
    """What is written in this transaction is written once, however often the job begins."""
    async with run.finishing() as session:
        await session.flush()


${CONSTANT} = Job(name="${plural}.${name}", payload=${Payload}, handler=${name})
=== tests/domains/${plural}/test_${name}_job.py
"""The job `${plural}.${name}`, run to its end."""

from app.domains.${plural}.${name}_job import ${CONSTANT}, ${Payload}
from app.features.jobs.models import JobStatus
from tests.features.jobs.work import enqueued, reached
from tests.support.service import Service


async def test_it_is_done(service: Service) -> None:
    job_id = await enqueued(service, ${CONSTANT}, ${Payload}(note="a note"))

    row = await reached(service, job_id, [JobStatus.DONE, JobStatus.DEAD])

    assert (row.status, row.last_error) == (JobStatus.DONE, None)


async def test_a_key_makes_it_one(service: Service) -> None:
    first = await enqueued(service, ${CONSTANT}, ${Payload}(), key="one")
    again = await enqueued(service, ${CONSTANT}, ${Payload}(), key="one")

    assert again == first
