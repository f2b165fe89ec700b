"""`app keys reencrypt`: everything that is encrypted at rest, under the newest key."""

import asyncio

import typer

from app.commands.application import opened_app
from app.core import registry
from app.core.database import Database
from app.core.settings import Settings
from app.features.encryption import Encryption
from app.features.encryption.columns import EncryptedColumns
from app.features.encryption.reencryption import Progress, Reencryption


def reencrypt() -> None:
    """Encrypt everything at rest with the newest key, so that the older ones may go.

    In pages, while the service serves. Run again, it goes on where something is left to do.
    """
    if not asyncio.run(_reencrypted(Settings())):
        raise typer.Exit(1)


async def _reencrypted(settings: Settings) -> bool:
    """False where no key reads something."""
    unreadable = 0
    async with opened_app(settings) as app:
        reencryption = Reencryption(registry.get(app, Database), registry.get(app, Encryption))
        for column in registry.get(app, EncryptedColumns):
            progress = Progress()
            async for progress in reencryption.run(column):
                typer.echo(f"{column.name}: {progress.seen}", err=True)
            _report(column.name, progress)
            unreadable += progress.unreadable
    return not unreadable


def _report(name: str, progress: Progress) -> None:
    typer.echo(f"{name}: {progress.renewed} of {progress.seen} were encrypted anew")
    if progress.unreadable:
        typer.secho(
            f"{name}: {progress.unreadable} cannot be read with any key of this configuration",
            fg=typer.colors.RED,
            err=True,
        )
