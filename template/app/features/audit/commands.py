"""`app audit`: how long the audit trail is kept."""

import asyncio
from datetime import timedelta

import typer

from app.commands.application import recording_app
from app.core import clock, registry
from app.core.settings import ConfigurationError, Settings
from app.features.audit.trail import AuditSettings, AuditTrail

cli = typer.Typer(no_args_is_help=True, help="The audit trail.")


@cli.command()
def prune() -> None:
    """Remove the entries that are older than AUDIT_RETENTION_DAYS."""
    settings = Settings()
    days = settings.group(AuditSettings).audit_retention_days
    if days is None:
        raise ConfigurationError(["AUDIT_RETENTION_DAYS: is not set, so that entries are kept"])
    removed = asyncio.run(_prune(settings, timedelta(days=days)))
    typer.echo(f"{removed} entries were removed")


async def _prune(settings: Settings, retention: timedelta) -> int:
    async with recording_app(settings) as app:
        return await registry.get(app, AuditTrail).prune(clock.now() - retention)
