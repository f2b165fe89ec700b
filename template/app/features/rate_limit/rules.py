"""Which windows a request counts in, known from its head alone."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from fastapi import FastAPI, Request
from fastapi.routing import iter_route_contexts
from limits import RateLimitItem
from slowapi.wrappers import Limit
from starlette.routing import BaseRoute, Mount, compile_path
from starlette.types import Scope

from app.core.http.guard import PROBES
from app.features.rate_limit.address import address_of
from app.features.rate_limit.declared import limiter
from app.features.rate_limit.settings import RateLimitSettings, parsed
from app.features.rate_limit.windows import Window

DEFAULT, AUTH, PRINCIPAL, ROUTE = "default", "auth", "principal", "route"
LOGIN = "/api/v1/auth/login"
AUTH_PATHS = frozenset(
    {
        LOGIN,
        f"{LOGIN}/totp",
        f"{LOGIN}/totp/confirm",
        "/api/v1/auth/totp/replace",
        "/api/v1/auth/reauthenticate",
        "/api/v1/auth/register",
        "/api/v1/auth/verify-email",
        "/api/v1/auth/password/forgot",
        "/api/v1/auth/password/reset",
    }
)


@dataclass(frozen=True)
class Rule:
    """A route whose function declares something."""

    regex: re.Pattern[str]
    methods: frozenset[str]
    is_exempt: bool
    limits: Sequence[tuple[str, Limit]]


class Rules:
    def __init__(self, app: FastAPI, settings: RateLimitSettings) -> None:
        self._app = app
        self._default = parsed(settings.rate_limit_default)
        self._auth = parsed(settings.rate_limit_auth)
        self._principal = parsed(settings.rate_limit_principal or settings.rate_limit_default)

    def of(self, scope: Scope) -> list[Window]:
        """Empty for what is exempt."""
        path = scope["path"]
        if path in PROBES:
            return []
        rule = self._declared(path, scope["method"])
        if rule is not None and rule.is_exempt:
            return []
        who = address_of(scope)
        found = list(windows(DEFAULT, self._default, who))
        if scope["method"] == "POST" and (fixed := path.rstrip("/")) in AUTH_PATHS:
            found += windows(AUTH, self._auth, f"{fixed}/{who}")
        if rule is not None:
            found += _own_windows(rule, scope)
        return found

    def of_password(self, scope: Scope) -> list[Window]:
        """Counted with the logins: both try a password."""
        return list(windows(AUTH, self._auth, f"{LOGIN}/{address_of(scope)}"))

    def of_principal(self, subject: str) -> list[Window]:
        return list(windows(PRINCIPAL, self._principal, subject))

    def _declared(self, path: str, method: str) -> Rule | None:
        for rule in self._rules:
            if method in rule.methods and (rule.regex.match(path) or rule.regex.match(_flip(path))):
                return rule
        return None

    @cached_property
    def _rules(self) -> list[Rule]:
        """Made at the first request: routes may be added until then."""
        return list(_declared_routes(self._app.router.routes, ""))


def windows(name: str, items: list[RateLimitItem], who: str) -> Iterator[Window]:
    for item in items:
        seconds = item.get_expiry()
        yield Window(name, f"{name}/{item.amount}/{seconds}/{who}", item.amount, seconds)


def _flip(path: str) -> str:
    """With and without a trailing slash a route answers the same."""
    return path[:-1] if path.endswith("/") else path + "/"


def _declared_routes(routes: Sequence[BaseRoute], prefix: str) -> Iterator[Rule]:
    for context in iter_route_contexts(routes):
        path = prefix + (context.path or "")
        inner = context.original_route
        if isinstance(inner, Mount):
            yield from _declared_routes(inner.routes, path)
            continue
        endpoint = getattr(inner, "endpoint", None)
        if endpoint is None:
            continue
        is_exempt, limits = limiter.is_exempt(endpoint), limiter.of(endpoint)
        if is_exempt or limits:
            name = f"{endpoint.__module__}.{endpoint.__qualname__}"
            named = [(limit.scope or name, limit) for limit in limits]
            yield Rule(compile_path(path)[0], frozenset(context.methods or ()), is_exempt, named)


def _own_windows(rule: Rule, scope: Scope) -> Iterator[Window]:
    request = Request(scope)
    for name, limit in rule.limits:
        if limit.methods and scope["method"].lower() not in limit.methods:
            continue
        if not limit.is_exempt(request):
            who = limit.key_func(request)
            yield from windows(ROUTE, [limit.limit], f"{name}/{who}")
