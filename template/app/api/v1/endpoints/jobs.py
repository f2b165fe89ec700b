"""What became of a job, for who left it behind."""

from uuid import UUID

from fastapi import APIRouter
from fastapi import Depends
from fastapi import FastAPI

from app.api.deps import CurrentUser
from app.api.deps import ReadSessionDep
from app.api.deps import no_store
from app.api.v1.router import PREFIX
from app.core.config import Settings
from app.core.errors import NotFound
from app.core.job_row import JobRow
from app.schemas.job import JobResponse

READ_ALL = "jobs:read"

router = APIRouter(prefix="/jobs", tags=["jobs"], dependencies=[Depends(no_store)])


def install(app: FastAPI, settings: Settings) -> None:
    app.include_router(router, prefix=PREFIX)


@router.get("/{job_id:uuid}")
async def get_job(job_id: UUID, user: CurrentUser, session: ReadSessionDep) -> JobResponse:
    """What became of it, for who left it behind or may read all jobs."""
    row = await session.get(JobRow, job_id)
    reads_all = user.may(READ_ALL)
    if row is None or not (reads_all or row.owner_id == user.id):
        raise NotFound("job_not_found", "There is no such job.")
    response = JobResponse.model_validate(row)
    return response if reads_all else response.model_copy(update={"last_error": None})
