"""`app doctor`: what stands in the way of the next `copier update`, and is the schema current?"""

import asyncio
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer
from alembic.script import ScriptDirectory
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError

from app.core.database import migrations
from app.core.database.settings import database_url
from app.core.settings import Settings
from tooling import checkout

PROJECT = Path(__file__).resolve().parents[1]
UPDATE = "uvx 'copier>=9.19.1,<10' update --defaults --skip-answered -c 1000"
GONE = "of newer code, or of a part switched off before `app db downgrade <part>@base`"
SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}

type Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Row:
    status: Status
    name: str
    detail: str


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what stands in the way of the next update; exit with 1 where something does."""
    rows = [*project_rows(PROJECT), migrations_row(database_url(Settings()))]
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
    else:
        width = max(len(row.name) for row in rows)
        for row in rows:
            typer.echo(f"{row.status:<4}  {row.name:<{width}}  {row.detail}")
    if any(row.status == "fail" for row in rows):
        raise typer.Exit(1)


def project_rows(root: Path) -> Iterator[Row]:
    answers = template_answers(root)
    yield source_row(answers.get("_src_path", ""))
    yield from version_rows(answers)
    if checkout.git(root, "rev-parse", "--verify", "HEAD") is None:
        yield Row("fail", "repository", "no git repository with a commit: git init, then commit")
        return
    yield Row("ok", "repository", "a git repository with a commit")
    yield from checkout_rows(root)


def template_answers(root: Path) -> dict[str, str]:
    """The flat keys of the answers file, quotes taken off."""
    path = root / checkout.ANSWERS
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return {
        key: value.strip("'\"") for key, value in re.findall(r"^(\w+): *(\S.*)$", text, flags=re.M)
    }


def source_row(source: str) -> Row:
    if not source:
        return Row("fail", "template", f"{checkout.ANSWERS} does not say where the template is")
    if Path(source).is_absolute() or re.match(r"^(\w[\w+.-]*://|gh:|gl:|[\w.-]+@[\w.-]+:)", source):
        return Row("ok", "template", re.sub(r"//[^/@]+@", "//", source))
    return Row("fail", "template", f"{source} is relative: an update needs a URL or absolute path")


def version_rows(answers: dict[str, str]) -> Iterator[Row]:
    version, source = answers.get("_commit", ""), answers.get("_src_path", "")
    current = numbers(version)
    if current is None:
        yield Row("warn", "baseline", f"{version or 'unknown'} is not a released version")
        return
    yield Row("ok", "baseline", version)
    newest = newest_release(source)
    if newest is None:
        yield Row("warn", "newer release", "unknown: the template could not be asked")
    elif newest > current:
        yield Row("warn", "newer release", f"v{'.'.join(map(str, newest))}: {UPDATE}")
    else:
        yield Row("ok", "newer release", "none")


def numbers(tag: str) -> tuple[int, ...] | None:
    match = re.fullmatch(r"v?(\d+)\.(\d+)\.(\d+)", tag)
    return tuple(map(int, match.groups())) if match else None


def newest_release(source: str) -> tuple[int, ...] | None:
    for short, host in SHORTCUTS.items():
        source = source.replace(short, host, 1) if source.startswith(short) else source
    address = source.removeprefix("git+")
    listing = checkout.git(PROJECT, "ls-remote", "--tags", "--refs", "--", address)
    tags = re.findall(r"refs/tags/(\S+)$", listing or "", flags=re.M)
    return max(filter(None, map(numbers, tags)), default=None)


def checkout_rows(root: Path) -> Iterator[Row]:
    conflicts, rejects = checkout.conflicted(root), checkout.rejected(root)
    yield none_of(conflicts, "conflicts", "fail", "resolve and `git add`")
    yield none_of(rejects, "rejected hunks", "fail", "apply by hand and delete")
    yield lock_row(root)
    edited = checkout.edited(root)
    if edited is None:
        yield Row("warn", "edited files", f"unknown: {checkout.ANSWERS} was never committed")
    else:
        yield none_of(edited, "edited files", "warn", "an update merges line by line")


def none_of(files: list[str], name: str, status: Status, advice: str) -> Row:
    return Row(status, name, f"{advice}: {', '.join(files)}") if files else Row("ok", name, "none")


def lock_row(root: Path) -> Row:
    if checkout.git(root, "check-ignore", "--no-index", "uv.lock") is not None:
        return Row("fail", "uv.lock", "is ignored by git: CI cannot install what you tested")
    if not checkout.git(root, "ls-files", "uv.lock"):
        return Row("warn", "uv.lock", "is not committed: uv lock, then git add uv.lock")
    return Row("ok", "uv.lock", "is committed")


def migrations_row(url: URL) -> Row:
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        return Row("ok", "migrations", "no database yet")
    try:
        at = asyncio.run(migrations.current(url))
    except (SQLAlchemyError, OSError) as error:
        return Row("warn", "migrations", f"unknown: the database is away ({type(error).__name__})")
    script = ScriptDirectory.from_config(migrations.configuration())
    known = {revision.revision for revision in script.walk_revisions()}
    if gone := at - known:
        return Row("fail", "migrations", f"{GONE}: {', '.join(sorted(gone))}")
    upgraded = script.iterate_revisions(tuple(at), "base", implicit_base=True)
    if behind := known - {revision.revision for revision in upgraded}:
        return Row("fail", "migrations", f"{len(behind)} to apply: uv run app db upgrade")
    return Row("ok", "migrations", "the database is up to date")
