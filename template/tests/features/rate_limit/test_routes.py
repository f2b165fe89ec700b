"""Every route is limited, whoever brought it; one that declares a limit has that one too."""

from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.core.http.guard import PROBES
from app.features.rate_limit import limiter
from app.features.rate_limit.rules import AUTH_PATHS
from tests.support.factories import PASSWORD, logged_in
from tests.support.routes import concrete, operations
from tests.support.service import Service, Start

ROOT = Path(__file__).resolve().parents[3]
ON = {"rate_limit_enabled": True}

domain = APIRouter(prefix="/api/v1/reports")


@domain.get("")
@limiter.limit("2/minute")
async def read_reports() -> list[int]:
    return []


@domain.get("/{number}/pages")
@limiter.limit("1/minute;5/hour", methods=["get"], exempt_when=lambda request: is_friend(request))
async def read_pages(number: int) -> int:
    return number


@domain.get("/shared/a")
@limiter.shared_limit("2/minute", scope="shared", key_func=lambda request: tenant(request))
async def read_a() -> None: ...


@domain.get("/shared/b")
@limiter.shared_limit("2/minute", scope="shared", key_func=lambda request: tenant(request))
async def read_b() -> None: ...


@domain.get("/free")
@limiter.exempt
async def read_free() -> None: ...


def tenant(request: Request) -> str:
    return request.headers.get("x-tenant", "")


def is_friend(request: Request) -> bool:
    return "x-friend" in request.headers


async def hello(_: Request) -> PlainTextResponse:
    return PlainTextResponse("hello")


def extended(app: FastAPI) -> FastAPI:
    """As a domain does it: a router, and whole applications below a prefix."""
    inner = FastAPI()
    inner.include_router(domain)
    app.include_router(domain)
    app.mount("/fast", inner)
    app.mount("/plain", Starlette(routes=[Route("/hello", hello)]))
    return app


async def seen(service: Service, path: str, times: int, **headers: str) -> list[int]:
    return [(await service.client.get(path, headers=headers)).status_code for _ in range(times)]


async def test_every_route_is_behind_the_limit(start: Start) -> None:
    async with start(**ON, rate_limit_default="1/hour") as service:
        walked = operations(extended(service.app)) | {("GET", "/nowhere"), ("TRACE", "/docs")}
        assert {("GET", "/fast/api/v1/reports"), ("GET", "/plain/hello")} <= walked
        assert ("GET", "/docs") in walked
        await service.client.get("/nowhere")

        for method, path in sorted(walked):
            response = await service.client.request(method, concrete(path))
            is_free = path in PROBES or path.endswith("/free")
            assert (response.status_code == 429) != is_free, (method, path)


@pytest.mark.parametrize("prefix", ["", "/fast"])
async def test_a_declared_limit_holds_wherever_the_route_hangs(start: Start, prefix: str) -> None:
    async with start(**ON) as service:
        extended(service.app)
        path = f"{prefix}/api/v1/reports"

        assert await seen(service, path, 3) == [200, 200, 429]
        assert (await service.client.get(f"{path}/7/pages")).status_code == 200
        async with service.client_at("203.0.113.7") as elsewhere:
            assert (await elsewhere.get(path)).status_code == 200


async def test_a_slash_is_no_way_around_it(start: Start) -> None:
    async with start(**ON) as service:
        extended(service.app)

        assert await seen(service, "/api/v1/reports/", 3) == [200, 200, 429]
        assert await seen(service, "/api/v1/reports", 1) == [429]


async def test_a_limit_may_have_parts_and_exceptions(start: Start) -> None:
    async with start(**ON) as service:
        extended(service.app)
        path = "/api/v1/reports/7/pages"

        assert await seen(service, path, 3, **{"x-friend": "yes"}) == [200] * 3
        assert await seen(service, path, 2) == [200, 429]
        assert await seen(service, "/api/v1/reports/8/pages", 1) == [429]


async def test_a_shared_limit_counts_by_its_own_key(start: Start) -> None:
    async with start(**ON) as service:
        extended(service.app)
        a, b = "/api/v1/reports/shared/a", "/api/v1/reports/shared/b"

        assert await seen(service, a, 1, **{"x-tenant": "one"}) == [200]
        assert await seen(service, b, 2, **{"x-tenant": "one"}) == [200, 429]
        assert await seen(service, a, 1, **{"x-tenant": "two"}) == [200]


def test_a_declaration_leaves_the_function_alone() -> None:
    async def function() -> None: ...

    assert limiter.limit("1/minute")(function) is function
    assert limiter.exempt(function) is function


def test_a_limit_that_does_not_parse_fails_at_the_decorator() -> None:
    with pytest.raises(ValueError, match="couldn't parse"):
        limiter.limit("often")(test_a_declaration_leaves_the_function_alone)


async def test_every_path_of_the_auth_limit_that_exists_is_a_post(service: Service) -> None:
    posts = {path for method, path in operations(service.app) if method == "POST"}

    assert AUTH_PATHS & posts
    assert not {"/api/v1/auth/refresh", "/api/v1/auth/logout"} & AUTH_PATHS


type Responses = dict[str, dict[str, Any]]


async def responses(start: Start, **settings: bool) -> dict[str, Responses]:
    async with start(**settings) as service:
        paths = service.app.openapi()["paths"]
    return {
        f"{method} {path}": operation["responses"]
        for path, methods in paths.items()
        if path not in PROBES
        for method, operation in methods.items()
    }


@pytest.mark.parametrize("with_headers", [True, False])
async def test_every_operation_may_be_refused(start: Start, *, with_headers: bool) -> None:
    found = await responses(start, rate_limit_enabled=True, rate_limit_headers_enabled=with_headers)

    assert len(found) > 20
    for name, answers in found.items():
        assert "Retry-After" in answers["429"]["headers"], name
        for answer in answers.values():
            assert ({"RateLimit", "RateLimit-Policy"} <= answer["headers"].keys()) is with_headers


async def test_without_limits_only_those_that_count_failures_refuse(start: Start) -> None:
    found = await responses(start, rate_limit_enabled=False)

    refusing = {name for name, answers in found.items() if "429" in answers}
    assert "post /api/v1/auth/login" in refusing
    assert "get /api/v1/users/me" not in refusing


REAUTHENTICATE = "/api/v1/auth/reauthenticate"
ONCE_A_MINUTE = {"rate_limit_enabled": True, "rate_limit_auth": "1/minute"}


@pytest.mark.parametrize("path", sorted(AUTH_PATHS))
async def test_each_counts_for_itself(start: Start, path: str) -> None:
    async with start(**ONCE_A_MINUTE) as service:
        first = await service.client.post(path, json={})
        refused = await service.client.post(path, json={})
        others = [await service.client.post(one, json={}) for one in AUTH_PATHS - {path}]

    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert 429 not in {first.status_code, *(answer.status_code for answer in others)}


async def test_being_asked_again_is_limited_whoever_is_logged_in(start: Start) -> None:
    async with start(**ONCE_A_MINUTE) as service:
        tokens = await logged_in(service)
        answers = [
            await service.client.post(
                REAUTHENTICATE, json={"password": PASSWORD}, headers=tokens.header
            )
            for _ in range(2)
        ]

    assert [answer.status_code for answer in answers] == [204, 429]


def test_the_page_lists_every_one() -> None:
    page = (ROOT / "docs" / "rate-limits.md").read_text()

    assert {path for path in AUTH_PATHS if f"`{path}`" not in page} == set()
