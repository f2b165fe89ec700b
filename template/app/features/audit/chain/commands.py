"""`app audit verify`: proof that nobody changed the audit trail."""

import asyncio

import typer

from app.commands.application import opened_app
from app.core import registry
from app.core.database import Database
from app.core.settings import Settings
from app.features.audit.chain.keys import AuditKeys
from app.features.audit.chain.verification import VerifiedRange
from app.features.audit.chain.verification import verify as verify_chain


def verify() -> None:
    """Fail and name the first entry that was changed, removed, inserted or moved."""
    verified = asyncio.run(_verify(Settings()))
    typer.echo(f"entries {verified.first} to {verified.last} are as they were sealed")
    typer.echo(f"head: {verified.head}")


async def _verify(settings: Settings) -> VerifiedRange:
    async with opened_app(settings) as app:
        return await verify_chain(registry.get(app, Database), registry.get(app, AuditKeys))
