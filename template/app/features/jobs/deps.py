"""How an endpoint leaves a job behind: in the transaction of its request."""

from typing import Annotated

from fastapi import Depends, Request

from app.api.deps import CurrentUser, SessionDep
from app.core.database import database_of
from app.features.jobs.queue import JobQueue


async def own_jobs(request: Request, session: SessionDep, user: CurrentUser) -> JobQueue:
    return JobQueue(database_of(request), session, user.id)


# What is enqueued belongs to the user who asks, who may look at it under /api/v1/jobs/{id}.
OwnJobs = Annotated[JobQueue, Depends(own_jobs, scope="function")]
