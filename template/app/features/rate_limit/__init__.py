"""Rate limits: per address before anything else is done, per route, and per user.

A route of yours gets its own with slowapi's decorator:

    from app.features.rate_limit import limiter

    @router.get("/reports")
    @limiter.limit("5/minute")
    async def read_reports() -> list[Report]: ...
"""

from functools import partial

from fastapi import FastAPI

from app.core.config import Settings
from app.core.windows import Windows
from app.features.rate_limit.declared import limiter
from app.features.rate_limit.middleware import Gate
from app.features.rate_limit.middleware import RateLimits
from app.features.rate_limit.rules import Rules
from app.features.rate_limit.schema import amend
from app.features.rate_limit.settings import RateLimitSettings

__all__ = ["install", "limiter"]


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(RateLimitSettings)
    if not group.rate_limit_enabled:
        return
    windows: Windows = app.state.windows
    gate = Gate(Rules(app, group), windows)
    app.state.admission = gate
    with_headers = group.rate_limit_headers_enabled
    app.add_middleware(RateLimits, gate=gate, with_headers=with_headers)
    app.state.schema_amendments.append(partial(amend, with_headers=with_headers))
