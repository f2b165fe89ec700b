"""Whether a request may go on, asked where its caller becomes known. By default it always may."""

from typing import Protocol

from fastapi import FastAPI
from fastapi import Request

from app.core.config import Settings


class Admission(Protocol):
    """On the application as `app.state.admission`; each raises TooManyRequests."""

    async def password_seen(self, request: Request) -> None:
        """The body of a request that could be anything turned out to hold a password."""
        ...

    async def authenticated(self, request: Request, subject: str) -> None:
        """`subject` names who is asking, whatever they showed."""
        ...


class Open:
    async def password_seen(self, request: Request) -> None: ...

    async def authenticated(self, request: Request, subject: str) -> None: ...


def install(app: FastAPI, settings: Settings) -> None:
    app.state.admission = Open()


def admission_of(request: Request) -> Admission:
    admission: Admission = request.app.state.admission
    return admission
