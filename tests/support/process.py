"""Runs commands in an environment that owes nothing to the person or machine running the tests."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Template Tests",
    "GIT_AUTHOR_EMAIL": "tests@example.com",
    "GIT_COMMITTER_NAME": "Template Tests",
    "GIT_COMMITTER_EMAIL": "tests@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
}
# VIRTUAL_ENV would point a rendered project's uv at ours; without bytecode every start is cold.
LEAKS = ("VIRTUAL_ENV", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "UV_PROJECT_ENVIRONMENT")
PYTEST_LEAKS = ("PYTEST_", "COV_CORE_", "COPIER_")


class CommandError(AssertionError):
    """A command ended with an exit status that nobody expected; its output is the message."""


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in LEAKS and not name.startswith(PYTEST_LEAKS)
    }
    return kept | IDENTITY | dict(extra or {})


def run(
    *command: str | Path,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    timeout_seconds: float = 900,
) -> str:
    """Standard output and error of the command, which must exit with 0."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean_environment(env),
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )
    if done.returncode != 0:
        line = " ".join(str(part) for part in command)
        raise CommandError(f"{line}\nexited with {done.returncode} in {cwd}:\n{done.stdout}")
    return done.stdout
