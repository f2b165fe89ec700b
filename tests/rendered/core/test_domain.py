"""A domain written by hand and registered works, and no other file is touched."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support import project

FILES = {
    "app/installed.py": """
from app.domains import Domain
from app.domains import notes

DOMAINS: tuple[Domain, ...] = (notes.DOMAIN,)
""",
    "app/domains/notes/model.py": """
from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from app.core import clock
from app.core.database import Base
from app.core.database import UtcDateTime


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    text: Mapped[str]
    written_at: Mapped[datetime] = mapped_column(UtcDateTime, default=clock.now)
""",
    "app/domains/notes/__init__.py": """
import typer
from fastapi import APIRouter
from fastapi import FastAPI
from sqlalchemy import select

from app.api.deps import ReadSessionDep
from app.api.deps import SessionDep
from app.core.settings import Settings
from app.core.settings import SettingsGroup
from app.domains import Domain
from app.domains.notes.model import Note

router = APIRouter(prefix="/api/v1/notes")
cli = typer.Typer(name="notes", no_args_is_help=True)


class NoteSettings(SettingsGroup):
    notes_greeting: str = "hello"


@router.post("", status_code=201)
async def write(text: str, session: SessionDep) -> None:
    session.add(Note(text=text))


@router.get("")
async def read(session: ReadSessionDep) -> list[str]:
    return list(await session.scalars(select(Note.text)))


@cli.callback()
def notes() -> None: ...


@cli.command()
def greet() -> None:
    typer.echo(Settings().group(NoteSettings).notes_greeting)


def install(app: FastAPI, settings: Settings) -> None:
    settings.group(NoteSettings)
    app.include_router(router)


DOMAIN = Domain(install=install, models=(Note,), cli=cli)
""",
    "drive.py": """
import asyncio
import json
from pathlib import Path

import httpx2
from typer.testing import CliRunner

from app.cli import cli
from app.core.settings import Settings
from app.main import create_app


def run(*words):
    return CliRunner().invoke(cli, words)


async def requests():
    app = create_app(Settings(notes_greeting="given"))
    transport = httpx2.ASGITransport(app)
    async with app.router.lifespan_context(app):
        async with httpx2.AsyncClient(transport=transport, base_url="http://test") as client:
            written = await client.post("/api/v1/notes", params={"text": "first"})
            read = await client.get("/api/v1/notes/")
    return [written.status_code, read.status_code, read.json()]


steps = [["upgrade"], ["check"], ["revision", "-m", "Notes"], ["upgrade"], ["check"]]
codes = [run("db", *step).exit_code for step in steps]
again = run("db", "revision", "-m", "Second", "--no-autogenerate").exit_code
second = run("db", "upgrade").exit_code
down = [run("db", "downgrade", "own@base").exit_code, run("db", "upgrade").exit_code]
revisions = sorted(Path("migrations/versions").glob("*.py"))
Path("result.json").write_text(json.dumps({
    "codes": codes,
    "again": [again, second],
    "down": down,
    "sources": [path.read_text() for path in revisions],
    "greeting": run("notes", "greet").output,
    "requests": asyncio.run(requests()),
    "shown": json.loads(run("config", "show").output)["NOTES_GREETING"],
}))
""",
}


def test_a_domain_brings_routes_tables_settings_and_commands(tmp_path: Path) -> None:
    copy = project.copied(tmp_path)
    for name, text in FILES.items():
        project.write(copy / name, text)

    result = driven(copy)

    assert result["codes"] == [0, 1, 0, 0, 0], "behind only until the revision was written"
    assert result["again"] == result["down"] == [0, 0]
    assert result["greeting"] == "hello\n"
    assert result["shown"] == "hello"
    assert result["requests"] == [201, 200, ["first"]]
    first = next(text for text in result["sources"] if "create_table" in text)
    assert "branch_labels: str | Sequence[str] | None = ('own',)" in first
    assert "depends_on: str | Sequence[str] | None = " in first
    assert "UtcDateTime()" in first
    assert "import UtcDateTime" in first
    assert [text.count("'own'") for text in result["sources"] if text != first] == [0]


def driven(copy: Path) -> dict[str, Any]:
    process = subprocess.run(
        [sys.executable, "drive.py"],
        cwd=copy,
        env=project.environment(copy),
        capture_output=True,
        text=True,
        timeout=project.TIMEOUT_SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    result: dict[str, Any] = json.loads((copy / "result.json").read_text())
    return result
