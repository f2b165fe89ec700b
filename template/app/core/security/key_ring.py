"""The keys that sign and verify access tokens."""

from typing import Protocol

from app.core.security.secret_key import SecretList
from app.core.security.signing_key import SigningKey


class KeyRing(Protocol):
    def verifying(self) -> list[SigningKey]: ...

    def signing(self) -> SigningKey: ...

    def find(self, kid: str) -> SigningKey | None: ...


class SecretKeys:
    """The first key signs, all of them verify."""

    def __init__(self, secrets: SecretList) -> None:
        self._secrets = secrets
        self._made: dict[bytes, SigningKey] = {}

    def verifying(self) -> list[SigningKey]:
        secrets = self._secrets.in_use()
        self._made = {one: self._made.get(one) or SigningKey.hs256(one) for one in secrets}
        return list(self._made.values())

    def signing(self) -> SigningKey:
        return self.verifying()[0]

    def find(self, kid: str) -> SigningKey | None:
        return next((key for key in self.verifying() if key.kid == kid), None)
