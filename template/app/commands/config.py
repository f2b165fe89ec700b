"""`app config`, `app keys` and `app openapi`: what this service would run with, and its schema."""

import json
import secrets

import typer
from pydantic import SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from app.commands.serve import ServeSettings
from app.core.http.connections import ConnectionSettings
from app.core.security.security import MIN_KEY_BYTES
from app.core.settings import Settings, SettingsGroup
from app.main import create_app

cli = typer.Typer(no_args_is_help=True, help="The configuration, with every secret masked.")
keys_cli = typer.Typer(no_args_is_help=True, help="Secret keys of this service.")

MASKED = "**********"


@cli.command()
def check() -> None:
    """Fail, naming each setting that is wrong, where the service would refuse to start."""
    settings = Settings()
    create_app(settings)
    for warning in (text for group in settings.groups for text in group.warnings()):
        typer.secho(f"warning: {warning}", fg=typer.colors.YELLOW, err=True)
    typer.echo("the configuration is usable")


@cli.command()
def show() -> None:
    """Print every setting as JSON under the name it has in the environment."""
    settings = Settings()
    create_app(settings)
    settings.group(ServeSettings)
    settings.group(ConnectionSettings)
    values: dict[str, object] = {}
    for group in settings.groups:
        values |= {name.upper(): _shown(name, group) for name in type(group).model_fields}
    typer.echo(json.dumps(dict(sorted(values.items())), indent=2, default=str))


@keys_cli.command()
def generate() -> None:
    """Print a new secret key, for SECRET_KEY and other settings. It is stored nowhere."""
    typer.echo(secrets.token_urlsafe(MIN_KEY_BYTES))


@keys_cli.callback()
def keys() -> None: ...


def openapi() -> None:
    """Print the OpenAPI schema as JSON."""
    typer.echo(json.dumps(create_app().openapi(), indent=2))


def _shown(name: str, group: SettingsGroup) -> object:
    value = getattr(group, name)
    if isinstance(value, SecretStr):
        return MASKED
    if name.endswith("_url") and isinstance(value, str):
        return _without_password(value)
    return value


def _without_password(url: str) -> str:
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:  # no URL, and who knows what else
        return MASKED
