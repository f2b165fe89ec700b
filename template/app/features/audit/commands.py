"""`app audit`: proof that nobody changed the audit trail, and how long it is kept."""

import asyncio
from datetime import timedelta

import typer

from app.commands.application import opened_app, recording_app
from app.core import clock, registry
from app.core.database import Database
from app.core.settings import ConfigurationError, Settings
from app.features.audit import verification
from app.features.audit.chain import BrokenChainError
from app.features.audit.keys import AuditKeys
from app.features.audit.verification import AuditSettings, VerifiedRange

cli = typer.Typer(no_args_is_help=True, help="The audit trail.")


@cli.command()
def verify() -> None:
    """Fail and name the first entry that was changed, removed, inserted or moved."""
    try:
        verified = asyncio.run(_verify(Settings()))
    except BrokenChainError as error:
        raise _failed(error) from None
    typer.echo(f"entries {verified.first} to {verified.last} are as they were sealed")
    typer.echo(f"head: {verified.head}")


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


async def _verify(settings: Settings) -> VerifiedRange:
    async with opened_app(settings) as app:
        return await verification.verify(registry.get(app, Database), registry.get(app, AuditKeys))


async def _prune(settings: Settings, retention: timedelta) -> int:
    async with recording_app(settings) as app:
        database, before = registry.get(app, Database), clock.now() - retention
        return await verification.prune(database, registry.get(app, AuditKeys), before)


def _failed(error: BrokenChainError) -> typer.Exit:
    typer.secho(str(error), fg=typer.colors.RED, err=True)
    return typer.Exit(1)
