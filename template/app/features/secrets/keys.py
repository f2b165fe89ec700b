"""Another SECRET_KEY or MONITORING_TOKEN while the service runs.

What is signed with a key that only this process has seen yet is refused by the others. So a key
that takes the place of another waits a minute, as long as that other stays in the list.
"""

from datetime import datetime, timedelta

from fastapi import FastAPI

from app.core import clock, registry
from app.core.health import Health, HealthSettings
from app.core.security import Security, SecuritySettings
from app.core.settings import Settings

MATURITY = timedelta(seconds=60)
"""How long every process has to see a new key before one of them signs with it."""


class RotatingKeys:
    def __init__(self, keys: list[bytes]) -> None:
        self._keys = keys
        self._in_front: bytes | None = None
        self._until: datetime = clock.now()

    def in_use(self) -> list[bytes]:
        """The first signs or encrypts, all of them verify or decrypt."""
        if self._in_front is not None and clock.now() >= self._until:
            self._in_front = None
        if self._in_front is None:
            return self._keys
        return [self._in_front, *(key for key in self._keys if key != self._in_front)]

    def replace(self, keys: list[bytes]) -> None:
        before = self.in_use()
        self._keys = keys
        is_new = bool(keys) and keys[0] not in before
        if before and before[0] in keys and (is_new or self._in_front is not None):
            self._until = clock.now() + MATURITY if is_new else self._until
            self._in_front = before[0]
        else:
            self._in_front = None


def install(app: FastAPI, settings: Settings) -> None:
    security = registry.get(app, Security)
    health = registry.get(app, Health)
    keys = RotatingKeys(security.secrets())
    security.secrets = keys.in_use

    async def follow_key(group: SecuritySettings) -> None:
        if group.secret_key is not None:  # else the one in force stays
            keys.replace(group.secrets)

    async def follow_token(group: HealthSettings) -> None:
        health.settings = group

    settings.on_change(SecuritySettings, {"secret_key", "secret_key_previous"}, follow_key)
    settings.on_change(HealthSettings, {"monitoring_token"}, follow_token)
