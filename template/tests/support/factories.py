"""Accounts and logins with defaults that mean something."""

from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

from httpx2 import Response
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from uuid_utils.compat import uuid7

from app.core import clock, registry
from app.core.security import Security, passwords, refresh_token
from app.models.role import Role
from app.models.session import Session
from app.models.user import User
from tests.support.service import Service

PASSWORD = "correct horse battery staple"

_numbers = count(1)


@dataclass(frozen=True)
class Tokens:
    access: str
    refresh: str

    @property
    def header(self) -> dict[str, str]:
        return bearer(self.access)


async def make_user(service: Service, *, roles: tuple[str, ...] = (), **facts: Any) -> User:
    """A stored, active user whose password is PASSWORD; missing roles are made, empty."""
    number = next(_numbers)
    defaults = {
        "email": f"user{number}@example.com",
        "username": f"user{number}",
        "password_hash": hashed(PASSWORD),
        "email_verified": True,
    }
    user = User(**(defaults | facts))
    async with service.database.write() as session:
        user.roles = [
            await session.get(Role, name) or Role(name=name, permissions=[]) for name in roles
        ]
        session.add(user)
    return user


async def make_role(service: Service, name: str, *permissions: str) -> None:
    async with service.database.write() as session:
        session.add(Role(name=name, permissions=list(permissions)))


async def login(service: Service, user: User, password: str = PASSWORD) -> Tokens:
    response = await service.client.post(
        "/api/v1/auth/login", json={"username": user.username, "password": password}
    )
    assert response.status_code == 200, response.text
    body = response.json()
    return Tokens(body["access_token"], body["refresh_token"])


async def logged_in(service: Service, **facts: Any) -> Tokens:
    """A new user's tokens."""
    return await signed_in(service, await make_user(service, **facts))


async def signed_in(service: Service, user: User) -> Tokens:
    """What a login issues, without the time that a password takes."""
    security = registry.get(service.app, Security)
    row = Session(id=uuid7(), user_id=user.id)
    refresh = refresh_token.issue(security.derived_keys(refresh_token.PURPOSE)[0], row.id, 0)
    row.token_hash = refresh_token.digest(refresh)
    row.expires_at = clock.now() + security.settings.refresh_token_ttl
    async with service.database.write() as session:
        session.add(row)
    access, _ = security.access_tokens.issue(user.id, row.id, roles=[], scope="")
    return Tokens(access, refresh)


async def status_of_me(service: Service, tokens: Tokens) -> int:
    """200 as long as the access token is good."""
    return (await service.client.get("/api/v1/users/me", headers=tokens.header)).status_code


async def refresh(service: Service, token: str) -> Response:
    return await service.client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def login_status(service: Service, user: User, password: str = PASSWORD) -> int:
    body = {"username": user.username, "password": password}
    return (await service.client.post("/api/v1/auth/login", json=body)).status_code


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@cache
def hashed(password: str) -> str:
    """With the parameters of the service, or the first login would store a new hash."""
    hasher = Argon2Hasher(
        time_cost=passwords.ITERATIONS,
        memory_cost=passwords.MEMORY_KIB,
        parallelism=passwords.PARALLELISM,
    )
    return PasswordHash((hasher,)).hash(password)
