"""Who may look at a job, over HTTP and on the command line."""

import asyncio
from uuid import UUID, uuid4

import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.core.http.errors import NotFound
from app.features.jobs.models import JobStatus
from app.features.jobs.queue import JobQueue
from tests.features.jobs.probes import REFUSE, Mark
from tests.features.jobs.work import reached
from tests.support.factories import logged_in, make_role, make_user, signed_in
from tests.support.service import Service

NOBODY = None


async def buried(service: Service, owner_id: UUID | None) -> UUID:
    async with service.database.write() as session:
        queue = JobQueue(service.database, session, owner_id)
        job_id = await queue.enqueue(REFUSE, Mark(name="it"))
    await reached(service, job_id, [JobStatus.DEAD])
    return job_id


async def test_its_owner_sees_how_it_ended_and_no_error(worked: Service) -> None:
    user = await make_user(worked)
    owner = await signed_in(worked, user)
    job_id = await buried(worked, user.id)

    response = await worked.client.get(f"/api/v1/jobs/{job_id}", headers=owner.header)

    assert response.status_code == 200
    shown = response.json()
    assert (shown["name"], shown["status"], shown["attempts"]) == ("probe.refuse", "dead", 1)
    assert shown["last_error"] is None
    assert "payload" not in shown


async def test_another_user_sees_none(worked: Service) -> None:
    user, other = await make_user(worked), await logged_in(worked)
    job_id = await buried(worked, user.id)

    answers = [
        await worked.client.get(f"/api/v1/jobs/{wanted}", headers=other.header)
        for wanted in (job_id, uuid4())
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert {answer.json()["code"] for answer in answers} == {"job_not_found"}


async def test_who_may_read_all_jobs_sees_the_error_too(worked: Service) -> None:
    await make_role(worked, "operator", "jobs:read")
    operator = await logged_in(worked, roles=("operator",))
    job_id = await buried(worked, NOBODY)

    response = await worked.client.get(f"/api/v1/jobs/{job_id}", headers=operator.header)

    assert response.json()["last_error"] == "GiveUpError: it will never be done"


async def test_the_command_line_lists_shows_retries_and_purges(
    worked: Service, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    job_id = str(await buried(worked, NOBODY))

    def app(*words: str) -> str:
        result = CliRunner().invoke(cli, ["jobs", *words])
        assert result.exit_code == 0, result.output
        return result.output

    async def run(*words: str) -> str:
        return await asyncio.to_thread(app, *words)

    assert f"{job_id}  dead      1  probe.refuse  GiveUpError: it" in await run("list")
    assert await run("list", "--status", "running") == ""
    assert '"last_error": "GiveUpError: it will never be done"' in await run("show", job_id)
    assert "1 jobs will run again" in await run("retry", job_id)
    await reached(worked, UUID(job_id), [JobStatus.DEAD])
    assert "1 jobs will run again" in await run("retry", "--name", "probe.refuse")
    await reached(worked, UUID(job_id), [JobStatus.DEAD])
    assert "0 jobs were removed" in await run("purge", "--days", "1", "--status", "dead")
    assert "1 jobs were removed" in await run("purge", "--days", "0", "--status", "dead")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["retry"], "name one job"),
        (["purge", "--days", "1", "--status", "running"], "only what is done or dead"),
    ],
)
def test_what_the_command_line_cannot_do_is_a_sentence(words: list[str], sentence: str) -> None:
    result = CliRunner().invoke(cli, ["jobs", *words])

    assert result.exit_code == 2
    assert sentence in result.output


@pytest.mark.parametrize("command", ["show", "retry"])
def test_a_job_that_is_not_there_is_a_sentence(
    database_url: str, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)

    result = CliRunner().invoke(cli, ["jobs", command, str(uuid4())])

    assert isinstance(result.exception, NotFound)
