"""Files that a generator writes: filled from a template, formatted, and named on the terminal."""

import re
import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import typer
from mako.template import Template  # type: ignore[import-untyped]

from tooling.new.names import RefusedError

PROJECT = Path(__file__).resolve().parents[2]
INSTALLED = "app/installed.py"
TEMPLATES = Path(__file__).parent / "templates"
SECTION = re.compile(r"^=== (\S+)\n", re.MULTILINE)
RUFF = (sys.executable, "-m", "ruff")


def filled(template: str, **values: object) -> dict[str, str]:
    """Texts by their paths in the project, not formatted yet: a template has a section for each."""
    source = (TEMPLATES / f"{template}.mako").read_text()
    text = Template(source, strict_undefined=True).render(**values)  # noqa: S702 - it is no HTML
    _, *parts = SECTION.split(text)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def write(project: Path, texts: dict[str, str]) -> list[str]:
    """Paths of what is written, without the imports that it does not need, sorted and wrapped."""
    if find_spec("ruff") is None:
        raise RefusedError("this needs the development tools: uv sync")
    for path, text in texts.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    fix = ("check", "--quiet", "--select", "F401,I", "--fix")
    for command in (fix, ("format", "--quiet")):
        subprocess.run([*RUFF, *command, *texts], cwd=project, check=True)  # noqa: S603
    return list(texts)


def run(generate: Callable[[], list[str]]) -> None:
    """Prints the paths of what was written, or why nothing was."""
    try:
        written = generate()
    except RefusedError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    for path in written:
        typer.echo(path)
