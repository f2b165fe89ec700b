"""`app oauth`: what is configured, which secret works, and a login walked through step by step."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl
from urllib.parse import urlencode
from urllib.parse import urlsplit

import typer
from authlib.integrations.base_client import OAuthError
from sqlalchemy.engine import make_url

from app import installed
from app.commands.audited import audited_database
from app.core import migrations
from app.core.config import ConfigurationError
from app.core.config import Settings
from app.core.database import Database
from app.core.database_settings import DatabaseSettings
from app.core.database_settings import database_url
from app.core.federation import RejectedError
from app.core.sign_in import Client
from app.core.state_store import DatabaseStateStore
from app.features import oauth
from app.features.oauth.connection import Connection
from app.features.oauth.flow import Flow
from app.main import create_app
from app.services.provider_sync import ProviderSync

cli = typer.Typer(no_args_is_help=True, help="Sign-in through providers.")

LOOPBACK = "http://127.0.0.1:8000"
LOGINS_OWN = {"state", "nonce", "code_challenge"}


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
) -> None:
    """Walk through discovery, keys, authorization and the token endpoint; nothing secret is shown.

    Where no DATABASE_URL is set, states are kept in a temporary SQLite file.
    """
    settings = Settings()
    connection = _connections(settings).get(provider)
    if connection is None:
        raise ConfigurationError([f"{provider.upper()}_CLIENT_ID: the provider is not on"])
    if not asyncio.run(_walked(settings, connection)):
        raise typer.Exit(1)


@cli.command()
def sync() -> None:
    """Refresh the providers' tokens, follow their roles, and shut out whom they refuse.

    For cron, once an hour. Interrupted, it begins anew the next time, which costs requests only.
    """
    asyncio.run(_synced(Settings()))


async def _synced(settings: Settings) -> None:
    app = create_app(settings)
    async with audited_database(settings) as database:
        provider_sync = ProviderSync(database, app.state.provider_tokens, app.state.federation)
        after, done, shut_out = None, 0, 0
        while asked := await provider_sync.ask(after):
            async with database.write() as session:
                shut_out += await provider_sync.write(session, asked)
            after, done = asked[-1].identity.id, done + len(asked)
            typer.echo(f"{done} accounts")
        typer.echo(f"{shut_out} accounts were disabled")


def _connections(settings: Settings) -> dict[str, Connection]:
    own = [provider for domain in installed.DOMAINS for provider in domain.providers]
    return oauth.connections(settings, own)


def _checked(name: str, connection: Connection) -> bool:
    known = [secret for secret, works in asyncio.run(_secrets(connection)) if works]
    secrets = list(connection.settings.secrets)
    if not known:
        typer.echo(f"{name}: the provider knows none of {', '.join(secrets)}")
        return False
    typer.echo(f"{name}: {' and '.join(known) or 'a public client'} works")
    if len(secrets) > 1 and secrets[0] in known:
        typer.echo(f"{name}: {secrets[1]} may go once every instance runs with {secrets[0]}")
    return True


async def _secrets(connection: Connection) -> list[tuple[str, bool]]:
    return [(name, await connection.knows(name)) for name in connection.settings.secrets]


async def _walked(settings: Settings, connection: Connection) -> bool:
    async with _database(settings) as database:
        try:
            async for line in _steps(connection, database):
                typer.echo(line)
        except (RejectedError, OAuthError) as error:
            reason = error.reason if isinstance(error, RejectedError) else error.error
            typer.secho(f"failed: {reason}", fg=typer.colors.RED)
            return False
    return True


async def _steps(connection: Connection, database: Database) -> AsyncIterator[str]:
    name = connection.provider.name
    metadata = await connection.discovery.metadata()
    yield f"discovery: {metadata['issuer']}"
    for endpoint in sorted(name for name in metadata if name.endswith(("_endpoint", "_uri"))):
        yield f"  {endpoint}: {metadata[endpoint]}"
    if connection.provider.endpoints is None:
        keys = (await connection.discovery.keys())["keys"]
        yield f"keys: {', '.join(str(key.get('kid')) for key in keys)}"
    flow = Flow({name: connection}, DatabaseStateStore(database))
    client = Client(f"{LOOPBACK}/", "debug", "c" * 43)
    departure = await flow.depart(name, client, f"{LOOPBACK}/api/v1/auth/callback/{name}")
    yield f"authorization: {_redacted(departure.url)}"
    for secret, works in await _secrets(connection):
        yield f"token endpoint: {secret or 'public client'} {'works' if works else 'is not known'}"


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Database]:
    """The configured one, migrated where it is empty; else a file that goes away again."""
    with tempfile.TemporaryDirectory() as folder:
        is_configured = settings.group(DatabaseSettings).database_url is not None
        temporary = make_url(f"sqlite+aiosqlite:///{Path(folder) / 'debug.db'}")
        url = database_url(settings) if is_configured else temporary
        await migrations.upgrade(url)
        database = Database(url, settings)
        try:
            yield database
        finally:
            await database.close()


def _redacted(url: str) -> str:
    """The values that are of this login alone stay out of a terminal's history."""
    parts = urlsplit(url)
    shown = [
        (name, "***" if name in LOGINS_OWN else value) for name, value in parse_qsl(parts.query)
    ]
    return parts._replace(query=urlencode(shown, safe="*:/")).geturl()
