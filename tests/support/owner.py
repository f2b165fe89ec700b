"""A year of an owner's work on a rendered project, one edit in every class of ownership.

`work` makes the edits and returns a record of them. The record can say which of the owner's lines
an update lost, and what the project would be without them, which must be a fresh render.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.process import run
from tests.support.projects import commit
from tests.support.rendering import git

# Sorts before every package of the template; `uv add` keeps a sorted list sorted.
PACKAGE = "aiofiles"
SETTING = "PARCELS_LIMIT=20\n"
WORKFLOW = ".github/workflows/ci.yml"
# Files that some answers do not render; every other one must be there to be edited.
OPTIONAL = {WORKFLOW}
DELETED = ".editorconfig"
MOVED = ("docs/how-to/update.md", "docs/our-own-update-notes.md")

DOMAIN = {
    "app/domains/parcels/__init__.py": '''\
"""Parcels, and where they are."""

from fastapi import FastAPI

from app.core.settings import Settings, SettingsGroup
from app.domains import Domain
from app.domains.parcels.model import Parcel


class ParcelSettings(SettingsGroup):
    parcels_limit: int = 20


def install(app: FastAPI, settings: Settings) -> None:
    app.state.parcels_limit = settings.group(ParcelSettings).parcels_limit


DOMAIN = Domain(install=install, models=(Parcel,))
''',
    "app/domains/parcels/model.py": """\
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base


class Parcel(Base):
    __tablename__ = "parcels"

    id: Mapped[int] = mapped_column(primary_key=True)
    weight_grams: Mapped[int]
""",
    "tests/domains/parcels/test_parcels.py": """\
from app.domains.parcels import DOMAIN
from app.installed import DOMAINS


def test_parcels_are_installed() -> None:
    assert DOMAIN in DOMAINS
""",
    "app/installed.py": '''\
"""The owner's domains."""

from app.domains import Domain
from app.domains.parcels import DOMAIN as PARCELS

DOMAINS: tuple[Domain, ...] = (PARCELS,)
''',
    "docs/decisions/0001-parcels-have-weights.md": "# 1. Parcels have weights\n",
    "README.md": "# Ours\n\nWe rewrote this page.\n",
}
# As `app db revision` writes it.
REVISION = '''\
"""parcels"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = 'a1b2c3d4e5f6'
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = ('own',)
depends_on: str | Sequence[str] | None = ['baseline_0001']


def upgrade() -> None:
    op.create_table('parcels',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('weight_grams', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_parcels'))
    )


def downgrade() -> None:
    op.drop_table('parcels')
'''


@dataclass(frozen=True)
class Edit:
    """Lines in a template-owned file: the owner's, and the template's that they replaced."""

    path: str
    mine: str
    theirs: str = ""


EDITS = (
    Edit("pyproject.toml", 'version = "1.4.2"\n', 'version = "0.1.0"\n'),
    Edit(
        "app/core/database/pagination.py",
        "\n\ndef pages_before(skip: int) -> int:\n    return skip // 20\n",
    ),
    Edit(".env.example", SETTING),
    Edit(
        WORKFLOW,
        "      - run: uv run --no-sync pytest --maxfail=3\n",
        "      - run: uv run --no-sync pytest\n",
    ),
    Edit(WORKFLOW, "\n  ours:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: make ours\n"),
)


@dataclass
class Work:
    edits: list[Edit] = field(default_factory=list)
    written: dict[str, str] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)

    def lost(self, project: Path) -> list[str]:
        """What the owner wrote and an update took, or deleted and an update brought back."""
        return [
            *(
                f"{edit.path}: {edit.mine}"
                for edit in self.edits
                if edit.mine not in (project / edit.path).read_text()
            ),
            *(
                path
                for path, text in self.written.items()
                if not (project / path).is_file() or (project / path).read_text() != text
            ),
            *(path for path in self.gone if (project / path).exists()),
        ]

    def undone(self, files: Mapping[str, bytes], fresh: Mapping[str, bytes]) -> dict[str, bytes]:
        """The project's files as they would be if the owner had done nothing."""
        result = {path: content for path, content in files.items() if path not in self.written}
        result |= {path: fresh[path] for path in self.gone if path in fresh}
        for edit in self.edits:
            text = result[edit.path].decode()
            result[edit.path] = text.replace(edit.mine, edit.theirs, 1).encode()
        return result


def write_revision(project: Path) -> None:
    target = project / "migrations" / "versions" / "a1b2c3d4e5f6_parcels.py"
    target.parent.mkdir(exist_ok=True)
    target.write_text(REVISION)


def work(project: Path, revise: Callable[[Path], None] = write_revision) -> Work:
    """Edits and commits; `revise` is called once the domain stands and must add a revision."""
    done = Work()
    for path, text in DOMAIN.items():
        write(project, path, text, done)
    revise(project)
    for revision in (project / "migrations" / "versions").glob("*.py"):
        done.written[str(revision.relative_to(project))] = revision.read_text()
    for edit in EDITS:
        apply(project, edit, done)
    done.edits.append(add_package(project))
    (project / DELETED).unlink()
    move(project, *MOVED, done)
    done.gone += [DELETED, MOVED[0]]
    commit(project, "A year of our own work")
    return done


def write(project: Path, path: str, text: str, done: Work) -> None:
    target = project / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    done.written[path] = text


def apply(project: Path, edit: Edit, done: Work) -> None:
    target = project / edit.path
    if edit.path in OPTIONAL and not target.is_file():
        return
    text = target.read_text()
    assert edit.theirs in text, f"{edit.path} has no line to replace: {edit.theirs!r}"
    edited = text.replace(edit.theirs, edit.mine, 1) if edit.theirs else text + edit.mine
    target.write_text(edited)
    done.edits.append(edit)


def add_package(project: Path) -> Edit:
    """The line that a real `uv add` wrote."""
    pyproject = project / "pyproject.toml"
    before = pyproject.read_text().splitlines(keepends=True)
    python = ("--python", sys.executable)
    run("uv", "add", "--quiet", "--no-sync", *python, PACKAGE, cwd=project)
    added = [line for line in pyproject.read_text().splitlines(keepends=True) if line not in before]
    assert len(added) == 1, f"uv add changed more than one line: {added}"
    return Edit("pyproject.toml", added[0])


def move(project: Path, old: str, new: str, done: Work) -> None:
    text = (project / old).read_text()
    git(project, "mv", old, new)
    done.written[new] = text
