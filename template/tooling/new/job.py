"""`app new job`: a job in a domain of yours, its line in the domain's record, and a test."""

import ast
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from app.features.jobs.models import MAX_NAME_LENGTH
from tooling import new
from tooling.new.names import RefusedError, pascal, require_name

TEMPLATES = Path(__file__).parent / "templates" / "job"
SHAPE = "DOMAIN = Domain(install=install, ...)"


def job(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A verb: send_reminder.")],
    domain: Annotated[str, typer.Option(help="The domain that it belongs to.")],
) -> None:
    """Write a job of one of your domains, with its test, and put it into the domain's record."""
    try:
        written = write_job(new.PROJECT, domain, name)
    except RefusedError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        raise typer.Exit(1) from None
    for path in written:
        typer.echo(path)


def write_job(project: Path, domain: str, name: str) -> list[str]:
    """Paths of the files written. Raises RefusedError before anything is written."""
    require_name(domain)
    require_name(name)
    package, tests = f"app/domains/{domain}", f"tests/domains/{domain}"
    record = f"{package}/__init__.py"
    if not (project / record).is_file():
        raise RefusedError(f"there is no domain {domain}: write it with `app new domain` first")
    if (project / f"{package}/{name}_job.py").exists():
        raise RefusedError(f"{package}/{name}_job.py is there already")
    if len(f"{domain}.{name}") > MAX_NAME_LENGTH:
        raise RefusedError(f"{domain}.{name} is longer than {MAX_NAME_LENGTH} characters")
    new.require_tools()
    values = {"plural": domain, "name": name, "Payload": pascal(name), "CONSTANT": name.upper()}
    texts = {
        record: registered((project / record).read_text(), domain, name),
        f"{package}/{name}_job.py": _filled("job", values),
        f"{tests}/test_{name}_job.py": _filled("test", values),
    }
    return new.write_files(project, texts)


def registered(source: str, domain: str, name: str) -> str:
    """The text of the domain's record with the job in it, and its import."""
    tree = ast.parse(source)
    call = _record(tree)
    job_tuple = next((one.value for one in call.keywords if one.arg == "jobs"), None)
    if job_tuple is not None and not isinstance(job_tuple, ast.Tuple):
        raise RefusedError(f"jobs of {domain} is no tuple: write {name.upper()} in by hand")
    lines = source.splitlines(keepends=True)
    if job_tuple is not None and job_tuple.elts:
        _insert(lines, job_tuple.elts[-1], f", {name.upper()}")
    elif job_tuple is None and call.keywords:
        _insert(lines, call.keywords[-1].value, f", jobs=({name.upper()},)")
    else:
        raise RefusedError(f"the record of {domain} has no longer the shape {SHAPE}")
    imports = (node.end_lineno or 0 for node in tree.body if isinstance(node, ast.ImportFrom))
    line = f"from app.domains.{domain}.{name}_job import {name.upper()}\n"
    lines.insert(max(imports, default=0), line)
    return "".join(lines)


def _record(tree: ast.Module) -> ast.Call:
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Domain")) as call:
                return call
    raise RefusedError(f"the domain has no longer a line {SHAPE}: write the job in by hand")


def _insert(lines: list[str], after: ast.expr, addition: str) -> None:
    """Offsets of the tree are in bytes."""
    line, column = after.end_lineno, after.end_col_offset
    assert line is not None and column is not None  # noqa: S101, PT018 - a parsed tree has them
    raw = lines[line - 1].encode()
    lines[line - 1] = (raw[:column] + addition.encode() + raw[column:]).decode()


def _filled(name: str, values: dict[str, str]) -> str:
    return Template((TEMPLATES / f"{name}.txt").read_text()).substitute(values)
