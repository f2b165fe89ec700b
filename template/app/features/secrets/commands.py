"""`app secrets`: a set of them for development, and what is wrong with those in use."""

import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote

import typer
from pydantic import SecretStr

from app.core.logging.redaction import url_password
from app.core.security.secret_key import MIN_KEY_BYTES, WELL_KNOWN_PARTS
from app.core.settings import ConfigurationError, Settings, SettingsGroup
from app.main import create_app

cli = typer.Typer(no_args_is_help=True, help="Secrets for development, and those in use.")

DEVELOPMENT_SET = ("secret_key", "encryption_keys", "monitoring_token")
MIN_CHARACTERS = 12
Directory = Annotated[
    Path | None, typer.Option(help="Where to: SECRETS_DIR, else `secrets` below DATA_DIR.")
]


@cli.command()
def init(directory: Directory = None) -> None:
    """Write a set for development, one file each of mode 0600; none is overwritten."""
    runtime = Settings().runtime
    if runtime.is_production:
        raise ConfigurationError(["ENVIRONMENT: production has its secrets from elsewhere"])
    target = directory or runtime.secrets_dir or runtime.data_dir / "secrets"
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in DEVELOPMENT_SET:
        typer.echo(f"{'wrote' if _written(target / name) else 'kept '}  {target / name}")
    if runtime.secrets_dir != target:
        typer.echo(f"set SECRETS_DIR={target} to use them", err=True)


@cli.command()
def check() -> None:
    """Name each secret that is missing, weak or open to others; fail where there is one."""
    settings = Settings()
    refused: list[str] = []
    try:
        create_app(settings)
    except ConfigurationError as error:  # what a missing secret does not let start
        refused = error.problems
    problems = {
        *refused,
        *(problem for group in settings.groups for problem in _of_secrets(group)),
        *_open_files(settings.runtime.secrets_dir),
    }
    if problems:
        raise ConfigurationError(sorted(problems))
    for name in sorted(name for group in settings.groups for name, _ in _secrets(group)):
        typer.echo(f"ok  {name}")


def _written(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(MIN_KEY_BYTES))
    return True


def _of_secrets(group: SettingsGroup) -> Iterator[str]:
    """What production would refuse about keys, in any environment, and what it lets pass."""
    told = [problem for problem in group.problems() if _is_about_a_key(problem, group)]
    yield from told
    for name, value in _secrets(group):
        if not any(problem.startswith(f"{name}:") for problem in told):
            yield from (f"{name}: {weakness}" for weakness in _weaknesses(value))


def _is_about_a_key(problem: str, group: SettingsGroup) -> bool:
    name = problem.partition(":")[0].lower()
    field = type(group).model_fields.get(name)
    return field is not None and "SecretStr" in str(field.annotation) and not name.endswith("_url")


def _secrets(group: SettingsGroup) -> Iterator[tuple[str, str]]:
    """Names and values; of a URL, its password."""
    for name, value in group:
        text = value.get_secret_value() if isinstance(value, SecretStr) else value
        if isinstance(text, str) and (password := url_password(text)):
            yield name.upper(), unquote(password)
        elif isinstance(value, SecretStr) and not name.endswith("_url"):
            yield name.upper(), value.get_secret_value()


def _weaknesses(value: str) -> Iterator[str]:
    if len(value) < MIN_CHARACTERS:
        yield f"has less than {MIN_CHARACTERS} characters"
    elif any(part in value.lower() for part in WELL_KNOWN_PARTS):
        yield "looks like a value from an example"


def _open_files(directory: Path | None) -> Iterator[str]:
    for path in sorted(directory.iterdir()) if directory else ():
        if path.stat().st_mode & stat.S_IWOTH:
            yield f"SECRETS_DIR: every user of the machine may write {path.name}: chmod o-w it"
