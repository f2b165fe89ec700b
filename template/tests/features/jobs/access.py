"""Who may call the routes of jobs."""

from tests.support.routes import Operation

PUBLIC: set[Operation] = set()
ANY_USER = {("GET", "/api/v1/jobs/{job_id:uuid}")}
