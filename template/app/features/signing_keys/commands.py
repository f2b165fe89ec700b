"""`app keys`: what this service signs access tokens with."""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.core import clock
from app.core.security import SecuritySettings
from app.core.security.secret_key import MATURITY, MIN_KEY_BYTES
from app.core.security.tokens import LEEWAY_SECONDS, Algorithm, SigningKey
from app.core.settings import ConfigurationError, Settings
from app.features.signing_keys.directory import KeyDirectory, write_key
from app.features.signing_keys.settings import SigningSettings, keys_directory

cli = typer.Typer(no_args_is_help=True, help="Keys that sign, and keys that encrypt.")

ENCRYPTION_ADVICE = (
    "put it first in ENCRYPTION_KEYS and keep the others behind it; when every instance has it,"
    " `app keys reencrypt` makes the others superfluous"
)


class Kind(StrEnum):
    SIGNING = "signing"
    ENCRYPTION = "encryption"


Directory = Annotated[
    Path | None,
    typer.Option(help="Of the keys of ES256 and RS256, in place of JWT_KEYS_DIR."),
]


@cli.command()
def generate(directory: Directory = None) -> None:
    """Print a new SECRET_KEY, stored nowhere; for ES256 or RS256 write the first key instead."""
    settings = Settings()
    group = settings.group(SigningSettings)
    if group.jwt_algorithm == "HS256":
        _refuse_directory(directory)
        typer.echo(secrets.token_urlsafe(MIN_KEY_BYTES))
        return
    keys = _directory(directory, group, settings)
    if any(keys.glob("*.pem")):
        raise _refused(f"{keys} holds a key: `app keys rotate` adds another")
    typer.echo(f"wrote {_written(keys, group.jwt_algorithm)}")


@cli.command()
def rotate(
    kind: Annotated[Kind, typer.Option(help="What the key is for.")] = Kind.SIGNING,
    directory: Directory = None,
) -> None:
    """Add a key that works in place of the present one, and say when that may be removed."""
    if kind is Kind.ENCRYPTION:
        _refuse_directory(directory)
        typer.echo(secrets.token_urlsafe(MIN_KEY_BYTES))
        typer.echo(ENCRYPTION_ADVICE, err=True)
        return
    settings = Settings()
    group = settings.group(SigningSettings)
    if group.jwt_algorithm == "HS256":
        _refuse_directory(directory)
        _rotate_secret(settings.group(SecuritySettings))
    else:
        _rotate_file(_directory(directory, group, settings), group.jwt_algorithm, settings)


@cli.command("list")
def list_keys(directory: Directory = None) -> None:
    """Print each key: kid, algorithm, since when it may sign, whether it signs."""
    settings = Settings()
    group = settings.group(SigningSettings)
    if group.jwt_algorithm == "HS256":
        _refuse_directory(directory)
        lines = _listed_secrets(settings.group(SecuritySettings))
    else:
        lines = _listed_files(_directory(directory, group, settings), group.jwt_algorithm)
    for line in lines:
        typer.echo(line)


def _refuse_directory(given: Path | None) -> None:
    if given is not None:
        said = "is for the keys that sign by ES256 or RS256"
        raise typer.BadParameter(said, param_hint="--directory")


def _directory(given: Path | None, group: SigningSettings, settings: Settings) -> Path:
    """Production has none of its own: keys that the service then does not read help nobody."""
    if given is None and group.jwt_keys_dir is None and settings.runtime.is_production:
        raise _refused(
            f"not set, and production keeps its {group.jwt_algorithm} keys there;"
            " set it to a directory that every instance reads, or pass --directory"
        )
    return given or keys_directory(group, settings)


def _rotate_secret(security: SecuritySettings) -> None:
    typer.echo(secrets.token_urlsafe(MIN_KEY_BYTES))
    retired = clock.now() + security.refresh_token_idle
    typer.echo(
        "set it as SECRET_KEY and the present one as SECRET_KEY_PREVIOUS, which may be"
        f" dropped after {retired:%Y-%m-%d %H:%M} UTC",
        err=True,
    )


def _rotate_file(directory: Path, algorithm: Algorithm, settings: Settings) -> None:
    old = sorted(path.name for path in directory.glob("*.pem"))
    typer.echo(f"wrote {_written(directory, algorithm)}")
    if old:
        seen = timedelta(seconds=3 * settings.runtime.secrets_reload_seconds)
        signs = clock.now() + MATURITY + seen
        ttl = settings.group(SecuritySettings).access_token_ttl
        retired = signs + ttl + timedelta(seconds=LEEWAY_SECONDS)
        typer.echo(
            f"it signs from {signs:%Y-%m-%d %H:%M:%S} UTC on every instance;"
            f" after {retired:%Y-%m-%d %H:%M:%S} UTC remove {', '.join(old)}"
        )


def _listed_files(path: Path, algorithm: Algorithm) -> Iterator[str]:
    directory = KeyDirectory(path, algorithm)
    problems = directory.reread()
    if not directory.verifying():
        raise _refused(*problems)
    signing = directory.signing()
    for key in directory.verifying():
        since = directory.matures_at(key.kid)
        state = "signs" if key is signing else "verifies"
        yield f"{key.kid}  {key.algorithm}  {since:%Y-%m-%dT%H:%M:%SZ}  {state}"


def _listed_secrets(group: SecuritySettings) -> Iterator[str]:
    for secret, state in ((group.secret_key, "signs"), (group.secret_key_previous, "verifies")):
        if secret is not None:
            key = SigningKey.hs256(secret.get_secret_value().encode())
            yield f"{key.kid}  {key.algorithm}  -  {state}"


def _written(directory: Path, algorithm: Algorithm) -> Path:
    try:
        return directory / f"{write_key(directory, algorithm)}.pem"
    except FileExistsError:
        raise _refused("a key of this second is there already: try again") from None


def _refused(*problems: str) -> ConfigurationError:
    return ConfigurationError([f"JWT_KEYS_DIR: {problem}" for problem in problems])
