"""`app keys`: secret keys. Features add their own commands to this group."""

import secrets

import typer

from app.core.security.security import MIN_KEY_BYTES

cli = typer.Typer(no_args_is_help=True, help="Secret keys of this service.")


@cli.command()
def generate() -> None:
    """Print a new secret key, for SECRET_KEY and other settings. It is stored nowhere."""
    typer.echo(secrets.token_urlsafe(MIN_KEY_BYTES))


@cli.callback()
def keys() -> None: ...
