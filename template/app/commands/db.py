"""`app db`: Alembic on the template's branches and the owner's."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from alembic import command
from alembic.config import Config

from app.core.database import migrations
from app.core.database.engine_kind import BackupError
from app.core.database.settings import database_url, engine_kind
from app.core.settings import Settings

cli = typer.Typer(no_args_is_help=True, help="Migrations: the template's branches and your own.")


@cli.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="A revision, a branch@head, or heads.")] = "heads",
) -> None:
    """Apply what is missing. Several instances may do it at once: one works, the others wait."""
    _run(lambda config: command.upgrade(config, revision))
    typer.echo("the database is up to date")


@cli.command()
def downgrade(
    revision: Annotated[str, typer.Argument(help="E.g. own@-1, or <feature>@base.")],
) -> None:
    """Take revisions back, and the data in their tables with them."""
    _run(lambda config: command.downgrade(config, revision))


@cli.command()
def revision(
    message: Annotated[str, typer.Option("--message", "-m", help="What the revision does.")],
    autogenerate: Annotated[
        bool, typer.Option(help="Compare the models with the database.")
    ] = True,
) -> None:
    """Write a revision to your own branch, migrations/versions/."""
    migrations.OWN_VERSIONS.mkdir(exist_ok=True)
    _run(lambda config: _write_revision(config, message, autogenerate))


@cli.command()
def check() -> None:
    """Fail when the models say something that no revision does."""
    _run(command.check)


@cli.command()
def current() -> None:
    """Print the revisions the database is at, one a branch."""
    _run(lambda config: command.current(config, verbose=False))


@cli.command()
def backup(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="A file that is not there yet.")],
) -> None:
    """Copy the database, as of one moment, into a file that only its owner may read."""
    url = database_url(Settings())
    file.touch(mode=0o600, exist_ok=False)
    try:
        engine_kind(url).backup(url, file)
    except BackupError:
        file.unlink()
        raise
    typer.echo(f"{file} holds the database")


@cli.command()
def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="From app db backup.")],
) -> None:
    """Fill a database without tables from that file; then `app db upgrade` may be needed."""
    url = database_url(Settings())
    engine_kind(url).restore(url, file)
    typer.echo(f"the database is that of {file}")


def init_db() -> None:
    """Create the database where it is missing, and apply every revision."""
    upgrade("heads")


def _write_revision(config: Config, message: str, autogenerate: bool) -> None:
    own, template_heads = migrations.heads()
    command.revision(
        config,
        message,
        autogenerate=autogenerate,
        head=f"{migrations.OWN_BRANCH}@head" if own else "base",
        branch_label=None if own else migrations.OWN_BRANCH,
        version_path=str(migrations.OWN_VERSIONS),
        depends_on=cast("Any", template_heads),  # a list is understood, though not declared
    )


def _run(action: Callable[[Config], Any]) -> None:
    asyncio.run(migrations.run(database_url(Settings()), action))
