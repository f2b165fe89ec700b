"""`app oauth`: what is configured, which secret works, and a login walked through step by step."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url

from app.commands.application import recording_app
from app.core import registry
from app.core.database import Database, migrations
from app.core.database.settings import DatabaseSettings, database_url
from app.core.settings import ConfigurationError, Settings
from app.features.federation.browser_state import CallbackSettings
from app.features.federation.debug import DebugLogin, Options
from app.features.federation.port import Federation
from app.features.federation.protocol.connection import ProviderConnection
from app.features.federation.protocol.flow import Flow
from app.features.federation.provider_tokens import ProviderTokens
from app.features.federation.sync import ProviderSync
from app.features.state_store import DatabaseStateStore
from app.main import assembled

cli = typer.Typer(no_args_is_help=True, help="Sign-in through providers.")


@cli.command()
def check() -> None:
    """Ask each provider which of the client's secrets it knows, and say which one may go."""
    connected = _connections(Settings())
    if not connected:
        typer.echo("no provider has a client id")
    failed = [name for name, connection in connected.items() if not _checked(name, connection)]
    if failed:
        raise typer.Exit(1)


@cli.command()
def debug(
    provider: Annotated[str, typer.Argument(help="The name of a provider that is on.")],
    timeout: Annotated[
        int, typer.Option(min=0, max=600, help="Seconds for the browser; 0 stops before the login.")
    ] = 300,
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="Where the browser comes back.")
    ] = 8000,
    paste: Annotated[
        bool, typer.Option("--paste", help="Ask for the address where the browser ended.")
    ] = False,
) -> None:
    """Walk through a login, from discovery to the claims; nothing secret is shown.

    No account is made. Where no DATABASE_URL is set, states are kept in a temporary SQLite file.
    """
    settings = Settings()
    connection = _connections(settings).get(provider)
    if connection is None:
        raise ConfigurationError([f"{provider.upper()}_CLIENT_ID: the provider is not on"])
    base_url = settings.group(CallbackSettings).oauth_callback_base_url
    options = Options(port, timeout, paste, base_url.rstrip("/") if base_url else None)
    if not asyncio.run(_walked(settings, connection, options)):
        raise typer.Exit(1)


@cli.command()
def sync() -> None:
    """Refresh the providers' tokens, follow their roles, and shut out whom they refuse.

    For cron, once an hour. Interrupted, it begins anew the next time, which costs requests only.
    """
    asyncio.run(_synced(Settings()))


async def _synced(settings: Settings) -> None:
    async with recording_app(settings) as app:
        database = registry.get(app, Database)
        tokens, flow = registry.get(app, ProviderTokens), registry.get(app, Federation)
        provider_sync = ProviderSync(database, tokens, flow)
        after, done, shut_out = None, 0, 0
        while asked := await provider_sync.ask(after):
            async with database.write() as session:
                shut_out += await provider_sync.write(session, asked)
            after, done = asked[-1].identity.id, done + len(asked)
            typer.echo(f"{done} accounts")
        typer.echo(f"{shut_out} accounts were disabled")


def _connections(settings: Settings) -> Mapping[str, ProviderConnection]:
    return registry.get(assembled(settings), Flow).connections


def _checked(name: str, connection: ProviderConnection) -> bool:
    known = [secret for secret, works in asyncio.run(_secrets(connection)) if works]
    secrets = list(connection.settings.secrets)
    if not known:
        typer.echo(f"{name}: the provider knows none of {', '.join(secrets)}")
        return False
    typer.echo(f"{name}: {' and '.join(known) or 'a public client'} works")
    if len(secrets) > 1 and secrets[0] in known:
        typer.echo(f"{name}: {secrets[1]} may go once every instance runs with {secrets[0]}")
    return True


async def _secrets(connection: ProviderConnection) -> list[tuple[str, bool]]:
    return [(name, await connection.knows(name)) for name in connection.settings.secrets]


async def _walked(settings: Settings, connection: ProviderConnection, options: Options) -> bool:
    async with _database(settings) as database:
        return await DebugLogin(connection, DatabaseStateStore(database), options).run()


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    """The configured one, migrated only where it is empty; else a file that goes away again."""
    with tempfile.TemporaryDirectory() as folder:
        is_configured = settings.group(DatabaseSettings).database_url is not None
        temporary = make_url(f"sqlite+aiosqlite:///{Path(folder) / 'debug.db'}")
        url = database_url(settings) if is_configured else temporary
        if not await migrations.current(url):
            await migrations.upgrade(url)
        database = Database(url, settings)
        try:
            yield database
        finally:
            await database.close()
