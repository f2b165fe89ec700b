"""What git knows about this project: conflicts, rejected hunks, edited template-owned files.

A template-owned file counts as edited where it differs from the commit that last changed
`.copier-answers.yml`, outside the blocks marked `yours below`. So what was edited in the very
commit of an update counts as the update's.
"""

import os
import shutil
import subprocess
from pathlib import Path

ANSWERS = ".copier-answers.yml"
TIMEOUT_SECONDS = 5
SEEDED = (
    "app/installed.py",
    "README.md",
    "CHANGELOG.md",
    "docs/index.md",
    "docs/backlog.md",
    "docs/actions.md",
)
OWNED = ("app/domains/", "tests/domains/", "migrations/versions/", "docs/decisions/")
NOT_TEMPLATE = (*SEEDED, *OWNED, ANSWERS, "uv.lock")


def conflicted(root: Path) -> list[str]:
    marked = git(root, "grep", "--untracked", "-lE", "^(<<<<<<<|>>>>>>>) ") or ""
    unmerged = git(root, "diff", "--name-only", "--diff-filter=U") or ""
    return sorted({*marked.splitlines(), *unmerged.splitlines()})


def rejected(root: Path) -> list[str]:
    listing = git(root, "ls-files", "--cached", "--others", "--", "*.rej") or ""
    return [name for name in listing.splitlines() if not name.startswith(".venv/")]


def edited(root: Path) -> list[str] | None:
    """None where the answers file was never committed."""
    base = (git(root, "log", "-1", "--format=%H", "--", ANSWERS) or "").strip()
    if not base:
        return None
    changed = git(root, "diff", "--name-only", "--no-renames", "--diff-filter=MD", base) or ""
    return [
        name
        for name in changed.splitlines()
        if not name.startswith(NOT_TEMPLATE) and _template_part_differs(root, base, name)
    ]


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
