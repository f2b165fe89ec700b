"""Copies of a PostgreSQL database by its own pg_dump and pg_restore, which must be on the PATH.

Both must be of the server's version or a later one.
"""

import os
import subprocess
from pathlib import Path

from sqlalchemy.engine import URL

from app.core.database.engine_kind import BackupError


def backup(url: URL, path: Path) -> None:
    _run(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file", str(path))


def restore(url: URL, path: Path) -> None:
    """One transaction: a table that is there already undoes all of it."""
    options = ("--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges")
    _run(url, "pg_restore", *options, str(path))


def _run(url: URL, program: str, *arguments: str) -> None:
    """The password goes into the environment: others may read the arguments of a process."""
    address = url.set(drivername="postgresql", password=None).render_as_string()
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    command = [program, *arguments, "--dbname", address]
    try:
        done = subprocess.run(  # noqa: S603
            command, env=environment, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise BackupError(f"{program} is not on the PATH") from None
    if done.returncode != 0:
        raise BackupError(done.stderr.strip())
