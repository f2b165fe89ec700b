"""What became of a job, for who left it behind."""

from uuid import UUID

from fastapi import APIRouter, Depends

from app.api.deps import CurrentUser, ReadSessionDep, no_store
from app.core.http.errors import NotFound
from app.features.jobs.models import JobRow
from app.features.jobs.schemas import JobResponse

READ_ALL = "jobs:read"

router = APIRouter(prefix="/jobs", tags=["jobs"], dependencies=[Depends(no_store)])


@router.get("/{job_id:uuid}")
async def get_job(job_id: UUID, user: CurrentUser, session: ReadSessionDep) -> JobResponse:
    """What became of it, for who left it behind or may read all jobs."""
    row = await session.get(JobRow, job_id)
    reads_all = user.may(READ_ALL)
    if row is None or not (reads_all or row.owner_id == user.id):
        raise NotFound("job_not_found", "There is no such job.")
    response = JobResponse.model_validate(row)
    return response if reads_all else response.model_copy(update={"last_error": None})
