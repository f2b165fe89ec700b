"""`app jobs`: what waits, what failed for good, and another try for it."""

import asyncio
import json
from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer
from sqlalchemy import select, update

from app.commands.application import opened_database
from app.core import clock
from app.core.http.errors import NotFound
from app.core.settings import Settings
from app.features.jobs.models import JobRow, JobStatus
from app.features.jobs.schemas import JobResponse
from app.features.jobs.store import JobStore

cli = typer.Typer(no_args_is_help=True, help="Background jobs.")

ENDED = (JobStatus.DONE, JobStatus.DEAD)


@cli.command("list")
def list_(
    status: Annotated[JobStatus | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 50,
) -> None:
    """Print the newest jobs, one a line."""
    for row in asyncio.run(_list(status, limit)):
        error = f"  {row.last_error.splitlines()[0]}" if row.last_error else ""
        typer.echo(f"{row.id}  {row.status:<7}  {row.attempts:>2}  {row.name}{error}")


@cli.command()
def show(job_id: UUID) -> None:
    """Print one job as JSON, with its last error; its payload stays where it is."""
    response = JobResponse.model_validate(asyncio.run(_get(job_id)))
    typer.echo(json.dumps(response.model_dump(mode="json"), indent=2))


@cli.command()
def retry(
    job_id: Annotated[UUID | None, typer.Argument(help="A dead letter.")] = None,
    name: Annotated[str | None, typer.Option(help="All dead letters of this job.")] = None,
) -> None:
    """Give dead letters all their attempts again."""
    if (job_id is None) == (name is None):
        raise typer.BadParameter("name one job, or --name for all of that name")
    count = asyncio.run(_retry(job_id, name))
    if job_id is not None and not count:
        raise NotFound("job_not_dead", "There is no such dead letter.")
    typer.echo(f"{count} jobs will run again")


@cli.command()
def purge(
    days: Annotated[int, typer.Option(min=0, help="Ended longer ago than this.")],
    status: Annotated[JobStatus, typer.Option(help="done or dead.")] = JobStatus.DONE,
) -> None:
    """Remove jobs that have ended, and with them their keys."""
    if status not in ENDED:
        raise typer.BadParameter("only what is done or dead can be removed")
    typer.echo(f"{asyncio.run(_purge(status, days))} jobs were removed")


async def _list(status: JobStatus | None, limit: int) -> list[JobRow]:
    statement = select(JobRow).order_by(JobRow.id.desc()).limit(limit)
    if status is not None:
        statement = statement.where(JobRow.status == status)
    async with opened_database(Settings()) as database, database.read() as session:
        return list(await session.scalars(statement))


async def _get(job_id: UUID) -> JobRow:
    async with opened_database(Settings()) as database, database.read() as session:
        row = await session.get(JobRow, job_id)
    if row is None:
        raise NotFound("job_not_found", "There is no such job.")
    return row


async def _retry(job_id: UUID | None, name: str | None) -> int:
    chosen = JobRow.name == name if job_id is None else JobRow.id == job_id
    now = clock.now()
    again = {"status": JobStatus.WAITING, "attempts": 0, "run_at": now, "due_at": now}
    dead = update(JobRow).where(chosen, JobRow.status == JobStatus.DEAD)
    async with opened_database(Settings()) as database, database.write() as session:
        changed = dead.values(again | {"finished_at": None}).returning(JobRow.id)
        return len((await session.scalars(changed)).all())


async def _purge(status: JobStatus, days: int) -> int:
    async with opened_database(Settings()) as database:
        return await JobStore(database).purge(status, clock.now() - timedelta(days=days))
