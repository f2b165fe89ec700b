"""Password hashing: argon2id in threads, never more at once than there are cores."""

import hashlib
import math
import os
import secrets
from collections.abc import Callable
from pathlib import Path

import anyio
import anyio.to_thread
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

MEMORY_KIB = 47_104
ITERATIONS = 1
PARALLELISM = 1
CORE_LIMIT = Path("/sys/fs/cgroup/cpu.max")
"""Of the container, by cgroup v2: microseconds of a period, or `max`, and the period."""


def available_cores() -> int:
    """At least one; a container may be allowed less than its machine has."""
    allowed = os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        allowed = len(os.sched_getaffinity(0))
    try:
        quota, period = CORE_LIMIT.read_text().split()
        return max(1, min(allowed, math.ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no cgroup v2, or no limit
        return allowed


class Passwords:
    """OWASP Password Storage: argon2id, m=46 MiB, t=1, p=1."""

    def __init__(self) -> None:
        hasher = Argon2Hasher(time_cost=ITERATIONS, memory_cost=MEMORY_KIB, parallelism=PARALLELISM)
        self._hash = PasswordHash((hasher,))
        self._limiter: anyio.CapacityLimiter | None = None
        self._dummy: str | None = None

    async def hash(self, password: str) -> str:
        return await self._in_thread(self._hash.hash, _bytes(password))

    async def verify(self, password: str, password_hash: str | None) -> tuple[bool, str | None]:
        """Whether it fits, and a new hash where the parameters have risen since.

        Without a hash the same work is done against a random one: an unknown account takes as long.
        """
        if password_hash is None:
            self._dummy = self._dummy or await self.hash(secrets.token_urlsafe())
            await self._in_thread(self._hash.verify, _bytes(password), self._dummy)
            return False, None
        return await self._in_thread(self._hash.verify_and_update, _bytes(password), password_hash)

    async def _in_thread[*Args, R](self, work: Callable[[*Args], R], *args: *Args) -> R:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(available_cores())
        return await anyio.to_thread.run_sync(work, *args, limiter=self._limiter)


def fingerprint(password_hash: str | None) -> str:
    """What is kept of a password's hash, to see later whether the password was changed."""
    return hashlib.sha256((password_hash or "").encode()).hexdigest()


def _bytes(password: str) -> bytes:
    """argon2 takes any bytes: a lone surrogate, which has no UTF-8 form, is no error either."""
    return password.encode("utf-8", "surrogatepass")
