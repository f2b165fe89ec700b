"""The lines of jobs that `docs/deployment.md` publishes are the ones that a worker writes."""

from uuid import uuid4

import pytest

from app.core import request_info
from app.core.request_info import RequestInfo
from app.features.jobs.models import JobStatus
from tests.core.test_deployment_page import assert_documented
from tests.features.jobs.probes import COUNT, FAIL, Mark
from tests.features.jobs.work import enqueued, reached
from tests.support import log
from tests.support.service import Start


async def test_the_lines_of_jobs_are_documented(
    probed: None, start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json") as service:
        request_info.set_current(RequestInfo(correlation_id=uuid4().hex))
        done = await enqueued(service, COUNT, Mark())
        dead = await enqueued(service, FAIL, Mark())
        await reached(service, done, [JobStatus.DONE])
        await reached(service, dead, [JobStatus.DEAD])

    lines = log.parsed(capsysbinary.readouterr().out)
    assert_documented("A job", log.named(lines, "job.done")[0])
    assert_documented("A job that is tried again", log.named(lines, "job.failed")[0])
    assert_documented("A job that is given up", log.named(lines, "job.dead")[0])
