"""`audit_trail`: no trail, rows, or rows in a hash chain, and what a new answer leaves behind."""

import re
import sqlite3
from pathlib import Path

import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import CommandError, run
from tests.support.rendering import render

WORD = re.compile(r"audit(?!hook)", re.IGNORECASE)
CHAIN = re.compile(r"audit[ _]chain|hash chain|audit verify|seal(er|ed by|ing)", re.IGNORECASE)
LOG_LINES = {
    ".env.example": {"# AUDIT_RETENTION_DAYS=           (unset keeps all)"},
    "app/cli.py": {
        "from app.features.audit import commands as audit",
        'cli.add_typer(audit.cli, name="audit")',
    },
    "app/main.py": {"    audit,", "    audit.install(app, settings)"},
}
LOG_PAGES = {"docs/development.md", "docs/index.md", "docs/security/decisions.md"}
CHAIN_LINES = {
    "app/cli.py": {
        "from app.features.audit.chain import commands as audit_chain",
        'audit.cli.command("adopt")(audit_chain.adopt)',
        'audit.cli.command("verify")(audit_chain.verify)',
    },
    "app/main.py": {
        "from app.features.audit import chain as audit_chain",
        "    audit_chain.install(app, settings)",
    },
}
LOST_WITH_CHAIN = {"app/main.py": LOG_LINES["app/main.py"]}
REWRITTEN_WITH_CHAIN = {
    "app/features/audit/models.py",
    "docs/database.md",
    "docs/how-to/audit-trail.md",
    "docs/security/decisions.md",
}
SENTENCE = "a long enough passphrase"


def test_exactly_the_files_and_lines_of_a_log_come_and_go(tmp_path: Path) -> None:
    assert_exactly(
        tmp_path,
        {"audit_trail": "none"},
        {"audit_trail": "log"},
        gained=LOG_LINES,
        rewritten=LOG_PAGES,
    )


def test_exactly_the_files_and_lines_of_a_chain_come_and_go(tmp_path: Path) -> None:
    assert_exactly(
        tmp_path,
        {"audit_trail": "log"},
        {"audit_trail": "chain"},
        gained=CHAIN_LINES,
        lost=LOST_WITH_CHAIN,
        rewritten=REWRITTEN_WITH_CHAIN,
    )


def test_off_leaves_no_word_of_it(tmp_path: Path) -> None:
    off = render(tmp_path / "off", preset="enterprise", audit_trail="none")

    assert mentions(off, WORD) == {}


def test_a_log_leaves_no_word_of_a_chain(tmp_path: Path) -> None:
    log = render(tmp_path / "log", preset="enterprise", audit_trail="log")

    assert mentions(log, CHAIN) == {}


def test_a_chain_begins_with_the_log_and_a_log_goes_on_after_a_chain(tmp_path: Path) -> None:
    """Two projects on one database: the same service before and after a change of the answer."""
    (tmp_path / "password").write_text(SENTENCE)
    log, chain = [
        render(tmp_path / answer, preset="minimal", audit_trail=answer)
        for answer in ("log", "chain")
    ]
    for project in (log, chain):
        prepare(project)

    _app(log, "db", "upgrade")
    _record(log, "first")
    _app(chain, "db", "upgrade")
    _app(chain, "audit", "adopt")
    _record(chain, "second")
    verified = _app(chain, "audit", "verify")
    _record(log, "third")
    places = _rows(tmp_path, "SELECT sequence FROM audit_entries ORDER BY id")

    assert "entries 1 to 3 are as they were sealed" in verified
    assert places == [1, 2, 3, None]
    with pytest.raises(CommandError, match="was not written by this service"):
        _app(chain, "audit", "verify")


def _record(project: Path, name: str) -> None:
    """By a command that makes an administrator."""
    account = ("--email", f"{name}@example.com", "--username", name)
    _app(project, "init-admin", *account, "--password-file", str(project.parent / "password"))


def _app(project: Path, *arguments: str) -> str:
    database = project.parent / "service.db"
    environment = {
        "DATABASE_URL": f"sqlite+aiosqlite:///{database}",
        "SECRET_KEY": "0123456789-abcdefghij-ABCDEFGHIJ-klmnopqrst",
    }
    return run(project / ".venv" / "bin" / "app", *arguments, cwd=project, env=environment)


def _rows(folder: Path, query: str) -> list[object]:
    with sqlite3.connect(folder / "service.db") as connection:
        return [value for (value,) in connection.execute(query)]
