"""A directory of signing keys, `<kid>.pem`, in which a kid is the UTC time of its making.

Every key verifies as soon as it is seen. The greatest that was first seen a minute ago signs: by
then the other instances have read it too. A key verifies until its file is removed.
"""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from app.core import clock
from app.core.security.signing_key import SigningKey
from app.features.signing_keys.asymmetric import Algorithm, UnusableKeyError, new_pem, signing_key

log = structlog.get_logger("app.keys")

KID_FORMAT = "%Y%m%dT%H%M%SZ"
KID = re.compile(r"\d[0-9TZ:.-]{7,39}")
REREAD_INTERVAL = timedelta(seconds=1)
MATURITY = timedelta(seconds=60)
"""How long every process has to see a new key before one of them signs with it."""


@dataclass(frozen=True)
class KeyFile:
    key: SigningKey
    identity: tuple[int, ...]
    """Changes when the file does."""
    first_seen: datetime


class KeyDirectory:
    def __init__(self, path: Path, algorithm: Algorithm) -> None:
        self.path = path
        self._algorithm = algorithm
        self._files: dict[str, KeyFile] = {}
        self._read_at: datetime | None = None

    def verifying(self) -> list[SigningKey]:
        return [file.key for file in self._files.values()]

    def signing(self) -> SigningKey:
        """Before any key is a minute old, the smallest: the others may not be known elsewhere."""
        oldest_first = sorted(self._files.items())
        latest_sight = clock.now() - MATURITY
        mature = [file for _, file in oldest_first if file.first_seen <= latest_sight]
        return mature[-1].key if mature else oldest_first[0][1].key

    def matures_at(self, kid: str) -> datetime:
        """From when the key may sign."""
        return self._files[kid].first_seen + MATURITY

    def find(self, kid: str) -> SigningKey | None:
        """An unknown kid may be that of a key which another instance has seen already."""
        if kid not in self._files and KID.fullmatch(kid) and self._may_reread():
            self.reread()
        file = self._files.get(kid)
        return file.key if file else None

    def reread(self) -> list[str]:
        """What is wrong with the directory. Where no key is left, those read before stay."""
        is_first = self._read_at is None
        self._read_at = clock.now()
        problems: list[str] = []
        files = dict(self._read(problems, is_first))
        for problem in problems:
            log.warning("keys.unusable", problem=problem)
        if files:
            self._files = files
        return problems if files or problems else [f"{self.path} holds no key"]

    def _may_reread(self) -> bool:
        return self._read_at is None or clock.now() - self._read_at >= REREAD_INTERVAL

    def _read(self, problems: list[str], is_first: bool) -> Iterator[tuple[str, KeyFile]]:
        for path in sorted(self.path.glob("*.pem")):
            try:
                yield path.stem, self._file(path, is_first)
            except FileNotFoundError:  # removed since it was listed
                continue
            except (UnusableKeyError, OSError) as error:
                reason = error if isinstance(error, UnusableKeyError) else "cannot be read"
                problems.append(f"{path.name} {reason}")
                if path.stem in self._files:
                    yield path.stem, self._files[path.stem]

    def _file(self, path: Path, is_first: bool) -> KeyFile:
        if KID.fullmatch(path.stem) is None:
            raise UnusableKeyError("is not named by a UTC time")
        facts = path.stat()
        identity = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        known = self._files.get(path.stem)
        if known is not None and known.identity == identity:
            return known
        key = signing_key(path.stem, self._algorithm, path.read_bytes())
        # After a restart the age of the file tells how long the other instances have seen it.
        written = clock.from_timestamp(facts.st_mtime)
        now = clock.now()
        return KeyFile(key, identity, min(written, now) if is_first else now)


def exposed(directory: Path) -> Iterator[str]:
    """Sentences on what others than the owner and its group may read or replace."""
    is_mounted_read_only = bool(os.statvfs(directory).f_flag & os.ST_RDONLY)
    if directory.stat().st_mode & stat.S_IWOTH and not is_mounted_read_only:
        yield f"{directory.name} is open to every user of the machine: chmod o= it"
    for path in sorted(directory.glob("*.pem")):
        if path.stat().st_mode & (stat.S_IWOTH | stat.S_IROTH):
            yield f"{path.name} is open to every user of the machine: chmod o= it"


def write_key(directory: Path, algorithm: Algorithm) -> str:
    """The kid of a new key, of mode 0600 and whole from the start.

    Raises FileExistsError where this second has a key already: nothing is overwritten.
    """
    kid = clock.now().strftime(KID_FORMAT)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = directory / f".{kid}.{os.getpid()}"
    descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new_pem(algorithm))
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, directory / f"{kid}.pem")
    finally:
        partial.unlink()
    return kid
