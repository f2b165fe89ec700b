"""`app keys rotate` and `app keys list`: the keys that sign access tokens."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from app.core import clock
from app.core.security import SecuritySettings
from app.core.security.tokens import LEEWAY_SECONDS
from app.core.settings import ConfigurationError, Settings
from app.features.signing_keys import REREAD_SECONDS
from app.features.signing_keys.asymmetric import Algorithm
from app.features.signing_keys.directory import MATURITY, KeyDirectory, write_key
from app.features.signing_keys.settings import SigningSettings, keys_directory

Directory = Annotated[
    Path | None, typer.Option(help="The directory of the keys, in place of JWT_KEYS_DIR.")
]


def rotate(directory: Directory = None) -> None:
    """Add a signing key, and print when the older ones may be removed."""
    settings = Settings()
    group = settings.group(SigningSettings)
    path = _directory(directory, group, settings)
    old = sorted(key.name for key in path.glob("*.pem"))
    try:
        written = write_key(path, group.jwt_algorithm)
    except FileExistsError:
        raise _refused("a key of this second is there already: try again") from None
    typer.echo(f"wrote {path / written}.pem")
    if old:
        seen = timedelta(seconds=3 * REREAD_SECONDS)
        signs = clock.now() + MATURITY + seen
        ttl = settings.group(SecuritySettings).access_token_ttl
        retired = signs + ttl + timedelta(seconds=LEEWAY_SECONDS)
        typer.echo(
            f"it signs from {signs:%Y-%m-%d %H:%M:%S} UTC on every instance;"
            f" after {retired:%Y-%m-%d %H:%M:%S} UTC remove {', '.join(old)}"
        )


def list_keys(directory: Directory = None) -> None:
    """Print each signing key: kid, algorithm, since when it may sign, whether it signs."""
    settings = Settings()
    group = settings.group(SigningSettings)
    for line in _listed(_directory(directory, group, settings), group.jwt_algorithm):
        typer.echo(line)


def _directory(given: Path | None, group: SigningSettings, settings: Settings) -> Path:
    """Production has no default: the service would not read the keys there."""
    if given is None and group.jwt_keys_dir is None and settings.runtime.is_production:
        raise _refused(
            f"not set, and production keeps its {group.jwt_algorithm} keys there;"
            " set it to a directory that every instance reads, or pass --directory"
        )
    return given or keys_directory(group, settings)


def _listed(path: Path, algorithm: Algorithm) -> Iterator[str]:
    directory = KeyDirectory(path, algorithm)
    problems = directory.reread()
    if not directory.verifying():
        raise _refused(*problems)
    signing = directory.signing()
    for key in directory.verifying():
        since = directory.matures_at(key.kid)
        state = "signs" if key is signing else "verifies"
        yield f"{key.kid}  {key.algorithm}  {since:%Y-%m-%dT%H:%M:%SZ}  {state}"


def _refused(*problems: str) -> ConfigurationError:
    return ConfigurationError([f"JWT_KEYS_DIR: {problem}" for problem in problems])
