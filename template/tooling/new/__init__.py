"""`app new`: code of your own, written the way the template writes its own.

`names` and `fields` read the command line, `files` fills `templates/`, and `registration` puts the
line into `app/installed.py`.
"""

from typing import Annotated

import typer

from tooling.new import files
from tooling.new.domain import write_domain
from tooling.new.fields import TYPES

cli = typer.Typer(no_args_is_help=True, help="Write code of your own; no template file changes.")


@cli.callback()
def new() -> None:
    """A callback, so that one command stays a subcommand."""


@cli.command()
def domain(
    plural: Annotated[str, typer.Argument(metavar="NAME", help="A plural: purchase_orders.")],
    fields: Annotated[
        list[str],
        typer.Argument(metavar="FIELD...", help=f"name:type, name:type? for null: {TYPES}"),
    ],
    singular: Annotated[
        str | None, typer.Option(help="Where the plural does not end in -s.")
    ] = None,
) -> None:
    """Write a resource with its routes, table, migration and tests, and install it."""
    files.run(lambda: write_domain(files.PROJECT, plural, fields, singular))
    typer.echo(f"Next: uv run app db upgrade, and grant {plural}:read and {plural}:manage.")
