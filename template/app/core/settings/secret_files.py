"""Files in SECRETS_DIR: one value each, named like the setting, in any case.

Kubernetes replaces all files of a volume at once, by one link. They are read behind that link, so
that what is found never mixes two versions.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from app.core.settings.group import ConfigurationError, Found

VERSION_LINK = "..data"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
MAX_BYTES = 65_536
ATTEMPTS = 3


def read(directory: Path) -> Found:
    """Raises ConfigurationError that names the file."""
    for _ in range(ATTEMPTS):
        try:
            return {path.name.lower(): _value(path) for path in _files(directory)}
        except FileNotFoundError:  # replaced while it was read
            continue
        except NotADirectoryError:
            break
    raise ConfigurationError([f"SECRETS_DIR: {directory} is not a directory"])


def _files(directory: Path) -> Iterator[Path]:
    link = directory / VERSION_LINK
    version = link.resolve(strict=True) if link.is_symlink() else directory
    for path in sorted(version.iterdir()):
        if NAME.fullmatch(path.name) and path.is_file():
            yield path


def _value(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) <= MAX_BYTES:
            return content.decode().strip()
        problem = f"has more than {MAX_BYTES} bytes"
    except FileNotFoundError:
        raise
    except OSError as error:
        problem = f"cannot be read ({type(error).__name__})"
    except UnicodeDecodeError:
        problem = "is not UTF-8 text"
    raise ConfigurationError([f"SECRETS_DIR: {path.name} {problem}"])
