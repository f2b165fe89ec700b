"""Whether a request may continue, asked once its caller is known. By default it always may."""

from typing import Protocol

from fastapi import FastAPI, Request

from app.core import registry
from app.core.settings import Settings


class RateLimiter(Protocol):
    """On the application as `registry.get(app, RateLimiter)`; each raises TooManyRequests."""

    async def password_seen(self, request: Request) -> None:
        """The body of a request that could be anything turned out to hold a password."""
        ...

    async def authenticated(self, request: Request, subject: str) -> None:
        """`subject` names who is asking, whatever they showed."""
        ...


class AllowAll:
    async def password_seen(self, request: Request) -> None: ...

    async def authenticated(self, request: Request, subject: str) -> None: ...


def install(app: FastAPI, settings: Settings) -> None:
    registry.add(app, RateLimiter, AllowAll())
