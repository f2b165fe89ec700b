"""Secrets in the order in which they are used, while the list of them changes.

What is signed with a key that only this process has seen yet is refused by the others. So a key
that takes the place of another waits a minute, as long as that other stays in the list.
"""

from datetime import datetime

from app.core import clock
from app.core.key_directory import MATURITY


class SecretList:
    def __init__(self, secrets: list[bytes]) -> None:
        self._secrets = secrets
        self._in_front: bytes | None = None
        self._until: datetime = clock.now()

    def in_use(self) -> list[bytes]:
        """The first signs or encrypts, all of them verify or decrypt."""
        if self._in_front is not None and clock.now() >= self._until:
            self._in_front = None
        if self._in_front is None:
            return self._secrets
        return [self._in_front, *(one for one in self._secrets if one != self._in_front)]

    def replace(self, secrets: list[bytes]) -> None:
        before = self.in_use()
        self._secrets = secrets
        is_new = bool(secrets) and secrets[0] not in before
        if before and before[0] in secrets and (is_new or self._in_front is not None):
            self._until = clock.now() + MATURITY if is_new else self._until
            self._in_front = before[0]
        else:
            self._in_front = None
