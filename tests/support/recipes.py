"""Reads the commands out of a page, so that a test runs what the page says and not a copy of it."""

import re
from pathlib import Path

from tests.support.process import run

# Set before a page's `uv run pytest`: the command is proved here, the whole suite by tests/suites.
BRIEFLY = "export PYTEST_ADDOPTS='--no-cov -k \"health or readiness\"'\n"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """The console blocks of a Markdown page, in order."""
    return BLOCK.findall(page.read_text())


def sections(page: Path) -> dict[str, str]:
    """What stands below each heading of the second level."""
    return dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n?)+)", page.read_text(), re.MULTILINE))


def command(page: Path, word: str) -> str:
    """The one console block that contains the word."""
    found = [block for block in commands(page) if word in block]
    if len(found) != 1:
        raise LookupError(f"{page.name} has {len(found)} console blocks with {word!r}")
    return found[0]


def shell(script: str, cwd: Path, stdin: str | None = None) -> str:
    """Runs a block as a careful person would: it stops at the first failure.

    The shell is there until the last command has ended: completion asks its parents for one.
    """
    return run("bash", "-euo", "pipefail", "-c", f"{script}\n:", cwd=cwd, stdin=stdin)
