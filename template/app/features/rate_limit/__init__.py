"""Rate limits: per address before anything else is done, per route, and per user.

A route of yours gets its own with slowapi's decorator:

    from app.features.rate_limit import limiter

    @router.get("/reports")
    @limiter.limit("5/minute")
    async def read_reports() -> list[Report]: ...
"""

from functools import partial

from fastapi import FastAPI

from app.api import openapi
from app.core import registry
from app.core.http.rate_limiter import RateLimiter
from app.core.settings import Settings
from app.features.rate_limit.declared import limiter
from app.features.rate_limit.middleware import RateLimitMiddleware, RequestRateLimiter
from app.features.rate_limit.rules import Rules
from app.features.rate_limit.schema import amend
from app.features.rate_limit.settings import RateLimitSettings
from app.features.rate_limit.windows import MemoryWindows, Windows

__all__ = ["install", "limiter"]


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(RateLimitSettings)
    if not group.rate_limit_enabled:
        return
    windows = registry.find(app, Windows) or MemoryWindows()
    request_limiter = RequestRateLimiter(Rules(app, group), windows)
    registry.add(app, RateLimiter, request_limiter)
    with_headers = group.rate_limit_headers_enabled
    app.add_middleware(RateLimitMiddleware, limiter=request_limiter, with_headers=with_headers)
    openapi.amend(app, partial(amend, with_headers=with_headers))
