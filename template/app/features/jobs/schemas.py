from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from app.features.jobs.models import JobStatus


class JobResponse(BaseModel, from_attributes=True):
    id: UUID
    name: str
    status: JobStatus
    attempts: int
    progress: dict[str, Any]
    run_at: datetime
    created_at: datetime
    finished_at: datetime | None
    last_error: str | None
    """Only for those who may read all jobs: it may tell of the service's inside."""
