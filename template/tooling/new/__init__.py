"""`app new`: code of your own, written the way the template writes its own.

`names` and `fields` read the command line, `domain` fills `templates/`, and `registration` puts
the line into `app/installed.py`.
"""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from app.api.v1.router import ROUTERS
from app.core.database import Base
from tooling.new import domain as generator
from tooling.new import fields as field_reader
from tooling.new import names as name_reader
from tooling.new.names import Names, RefusedError
from tooling.new.references import resolved
from tooling.new.registration import registered

cli = typer.Typer(no_args_is_help=True, help="Write code of your own; no template file changes.")

PROJECT = Path(__file__).resolve().parents[2]
INSTALLED = "app/installed.py"


@cli.callback()
def new() -> None:
    """A callback, so that one command stays a subcommand."""


@cli.command()
def domain(
    plural: Annotated[str, typer.Argument(metavar="NAME", help="A plural: purchase_orders.")],
    fields: Annotated[
        list[str],
        typer.Argument(
            metavar="FIELD...", help=f"name:type, name:type? for null: {field_reader.TYPES}"
        ),
    ],
    singular: Annotated[
        str | None, typer.Option(help="Where the plural does not end in -s.")
    ] = None,
) -> None:
    """Write a resource with its routes, table, migration and tests, and install it."""
    try:
        written = write_domain(PROJECT, plural, fields, singular)
    except RefusedError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    for path in written:
        typer.echo(path)
    typer.echo(f"Next: uv run app db upgrade, and grant {plural}:read and {plural}:manage.")


def write_domain(
    project: Path, plural: str, words: list[str], singular: str | None = None
) -> list[str]:
    """Paths of the files written. Raises RefusedError before anything is written."""
    names = name_reader.read(plural, singular)
    _require_free(project, names)
    require_tools()
    texts = generator.files(names, resolved(project, field_reader.read(words)))
    texts[INSTALLED] = registered((project / INSTALLED).read_text(), names.plural)
    new = [path for path in texts if path == INSTALLED or not (project / path).exists()]
    return write_files(project, {path: texts[path] for path in new})


def _require_free(project: Path, names: Names) -> None:
    package = f"app/domains/{names.plural}"
    if (project / package).exists():
        raise RefusedError(f"{package} is there already")
    slug = names.placeholders()["slug"]
    if names.plural in Base.metadata.tables or f"/{slug}" in {one.prefix for one in ROUTERS}:
        raise RefusedError(f"the service has {names.plural} of its own")


def require_tools() -> None:
    """Raises RefusedError where nothing could format what is written."""
    if find_spec("ruff") is None:
        raise RefusedError("this needs the development tools: uv sync")


def write_files(project: Path, texts: dict[str, str]) -> list[str]:
    """Paths of what is written, without the imports that it does not need, sorted and wrapped."""
    for path, text in texts.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    ruff = (sys.executable, "-m", "ruff")
    fix = ("check", "--quiet", "--select", "F401,I", "--fix")
    for command in (fix, ("format", "--quiet")):
        subprocess.run([*ruff, *command, *texts], cwd=project, check=True)  # noqa: S603
    return list(texts)
