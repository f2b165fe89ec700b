"""`app audit verify` and `app audit adopt`: proof that nobody changed the audit trail."""

import asyncio

import typer

from app.commands.application import opened_app, recording_app
from app.core import registry
from app.core.database import Database
from app.core.security import events
from app.core.settings import Settings
from app.features.audit.chain.keys import AuditKeys
from app.features.audit.chain.sealer import adopt as adopt_entries
from app.features.audit.chain.verification import VerifiedRange
from app.features.audit.chain.verification import verify as verify_chain


def verify() -> None:
    """Fail and name the first entry that was changed, removed, inserted or moved."""
    verified = asyncio.run(_verify(Settings()))
    typer.echo(f"entries {verified.first} to {verified.last} are as they were sealed")
    typer.echo(f"head: {verified.head}")


def adopt() -> None:
    """Take the entries of a trail without a chain as the first of the chain. Run it once."""
    typer.echo(f"{asyncio.run(_adopt(Settings()))} entries begin the chain")


async def _adopt(settings: Settings) -> int:
    async with recording_app(settings) as app:
        database = registry.get(app, Database)
        count = await adopt_entries(database, registry.get(app, AuditKeys))
        async with database.write() as session:
            events.record(session, "audit.adopted", actor_id=None, entries=count)
    return count


async def _verify(settings: Settings) -> VerifiedRange:
    async with opened_app(settings) as app:
        return await verify_chain(registry.get(app, Database), registry.get(app, AuditKeys))
