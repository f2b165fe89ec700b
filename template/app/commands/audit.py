"""`app audit`: proof that nobody changed the audit trail, and how long it is kept."""

import asyncio
from datetime import timedelta

import typer

from app.commands.audited import audit_keys
from app.commands.audited import audited_database
from app.core import clock
from app.core.config import ConfigurationError
from app.core.config import Settings
from app.core.database import Database
from app.core.database_settings import database_url
from app.services import audit_verification
from app.services.audit_chain import BrokenChainError
from app.services.audit_verification import AuditSettings
from app.services.audit_verification import Whole

cli = typer.Typer(no_args_is_help=True, help="The audit trail.")


@cli.command()
def verify() -> None:
    """Fail and name the first entry that was changed, removed, inserted or moved."""
    try:
        whole = asyncio.run(_verify(Settings()))
    except BrokenChainError as error:
        raise _failed(error) from None
    typer.echo(f"entries {whole.first} to {whole.last} are as they were sealed")
    typer.echo(f"head: {whole.head}")


@cli.command()
def prune() -> None:
    """Remove the entries that are older than AUDIT_RETENTION_DAYS, and leave an anchor."""
    settings = Settings()
    days = settings.group(AuditSettings).audit_retention_days
    if days is None:
        raise ConfigurationError(["AUDIT_RETENTION_DAYS: is not set, so that entries are kept"])
    try:
        removed = asyncio.run(_prune(settings, timedelta(days=days)))
    except BrokenChainError as error:
        raise _failed(error) from None
    typer.echo(f"{removed} entries were removed")


async def _verify(settings: Settings) -> Whole:
    database = Database(database_url(settings), settings)
    try:
        return await audit_verification.verify(database, audit_keys(settings))
    finally:
        await database.close()


async def _prune(settings: Settings, retention: timedelta) -> int:
    async with audited_database(settings) as database:
        before = clock.now() - retention
        return await audit_verification.prune(database, audit_keys(settings), before)


def _failed(error: BrokenChainError) -> typer.Exit:
    typer.secho(str(error), fg=typer.colors.RED, err=True)
    return typer.Exit(1)
