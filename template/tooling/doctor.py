"""`app doctor`: what stands in the way of the next `copier update`, and is the schema current?

A template-owned file counts as edited where it differs from the commit that last changed
`.copier-answers.yml`, outside the blocks marked `yours below`. So what was edited in the very
commit of an update counts as the update's.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
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

PROJECT = Path(__file__).resolve().parents[1]
ANSWERS = ".copier-answers.yml"
TIMEOUT_SECONDS = 5
OWNERS = (
    "app/domains/",
    "app/installed.py",
    "CHANGELOG.md",
    "docs/actions.md",
    "docs/backlog.md",
    "docs/decisions/",
    "docs/index.md",
    "migrations/versions/",
    "README.md",
    "tests/domains/",
    "uv.lock",
)
"""No update touches them."""
UPDATE = "uvx 'copier>=9.19.1,<10' update --defaults --skip-answered -c 1000"
GONE = "of newer code, or of a part switched off before `app db downgrade <part>@base`"
URL_OR_PATH = re.compile(r"/|\w[\w+.-]*://|gh:|gl:|[\w.-]+@[\w.-]+:")
SHORTCUTS = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/", "git+": ""}


@dataclass(frozen=True)
class Row:
    status: Literal["ok", "warn", "fail"]
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
    path = root / ANSWERS
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    answers = dict(re.findall(r"^(\w+): *(\S.*)$", text, re.M))
    source, version = (answers.get(key, "").strip("'\"") for key in ("_src_path", "_commit"))
    yield source_row(source)
    yield from version_rows(source, version)
    if git(root, "rev-parse", "--verify", "HEAD") is None:
        yield Row("fail", "repository", "no git repository with a commit: git init, then commit")
        return
    yield Row("ok", "repository", "a git repository with a commit")
    yield listed("conflicts", "fail", "resolve and `git add`", conflicted(root))
    yield listed("rejected hunks", "fail", "apply by hand and delete", rejected(root))
    yield lock_row(root)
    base = (git(root, "log", "-1", "--format=%H", "--", ANSWERS) or "").strip()
    if base:
        yield listed("edited files", "warn", "an update merges line by line", edited(root, base))
    else:
        yield Row("warn", "edited files", f"unknown: {ANSWERS} was never committed")


def source_row(source: str) -> Row:
    if URL_OR_PATH.match(source):
        return Row("ok", "template", re.sub(r"//[^/@]+@", "//", source))
    detail = f"_src_path of {ANSWERS} is {source!r}: an update needs a URL or an absolute path"
    return Row("fail", "template", detail)


def version_rows(source: str, version: str) -> Iterator[Row]:
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
        source = host + source.removeprefix(short) if source.startswith(short) else source
    listing = git(PROJECT, "ls-remote", "--tags", "--refs", "--", source) or ""
    tags = re.findall(r"refs/tags/(\S+)$", listing, re.M)
    return max(filter(None, map(numbers, tags)), default=None)


def listed(name: str, status: Literal["warn", "fail"], advice: str, files: list[str]) -> Row:
    return Row(status, name, f"{advice}: {', '.join(files)}") if files else Row("ok", name, "none")


def conflicted(root: Path) -> list[str]:
    marked = git(root, "grep", "--untracked", "-lE", "^(<<<<<<<|>>>>>>>) ") or ""
    unmerged = git(root, "diff", "--name-only", "--diff-filter=U") or ""
    return sorted({*marked.splitlines(), *unmerged.splitlines()})


def rejected(root: Path) -> list[str]:
    listing = git(root, "ls-files", "--cached", "--others", "--", "*.rej") or ""
    return [name for name in listing.splitlines() if not name.startswith(".venv/")]


def lock_row(root: Path) -> Row:
    if git(root, "check-ignore", "--no-index", "uv.lock") is not None:
        return Row("fail", "uv.lock", "is ignored by git: CI cannot install what you tested")
    if not git(root, "ls-files", "uv.lock"):
        return Row("warn", "uv.lock", "is not committed: uv lock, then git add uv.lock")
    return Row("ok", "uv.lock", "is committed")


def edited(root: Path, base: str) -> list[str]:
    changed = git(root, "diff", "--name-only", "--no-renames", "--diff-filter=MD", base) or ""
    return [
        name
        for name in changed.splitlines()
        if not name.startswith((*OWNERS, ANSWERS)) and _template_part_differs(root, base, name)
    ]


def _template_part_differs(root: Path, base: str, name: str) -> bool:
    path = root / name
    now = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    return _template_part(git(root, "show", f"{base}:{name}") or "") != _template_part(now)


def _template_part(text: str) -> list[str]:
    """The lines above each `yours below`, and those after the bracket that ends such a block."""
    kept, owners = [], False
    for line in text.splitlines():
        owners = owners and not line.startswith("]")
        if not owners:
            kept.append(line)
        owners = owners or "yours below" in line
    return kept


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


def git(root: Path, *arguments: str) -> str | None:
    """What git printed; None where it failed, took too long or is not installed."""
    executable = shutil.which("git")
    if executable is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603
            [executable, *arguments],
            cwd=root,
            env=os.environ | {"GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    return done.stdout if done.returncode == 0 else None
