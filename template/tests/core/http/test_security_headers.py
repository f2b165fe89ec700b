"""The header set of every answer, whatever its status."""

import pytest

from tests.support.factories import logged_in
from tests.support.service import Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

EXPECTED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


async def boom() -> None:
    raise RuntimeError("on purpose")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health", 200),
        ("GET", "/nowhere", 404),
        ("POST", "/health", 405),
        ("GET", "/api/v1/users/me", 401),
        ("POST", "/api/v1/auth/login", 422),
        ("OPTIONS", "/api/v1/auth/login", 405),
        ("GET", "/boom", 500),
    ],
)
async def test_every_status_has_the_headers(
    service: Service, method: str, path: str, status: int
) -> None:
    service.app.add_api_route("/boom", boom)

    response = await service.client.request(method, path)

    assert response.status_code == status
    assert {name: response.headers[name] for name in EXPECTED} == EXPECTED
    assert "Server" not in response.headers


async def test_an_empty_answer_has_them_too(service: Service) -> None:
    tokens = await logged_in(service)

    response = await service.client.post("/api/v1/auth/logout", headers=tokens.header)

    assert response.status_code == 204
    assert {name: response.headers[name] for name in EXPECTED} == EXPECTED


async def test_an_authenticated_answer_is_never_stored(service: Service) -> None:
    tokens = await logged_in(service)

    plain = await service.client.get("/health")
    authenticated = await service.client.get("/health", headers=tokens.header)

    assert not plain.headers.keys() & {"cache-control", "strict-transport-security"}
    assert authenticated.headers["Cache-Control"] == "no-store"


async def test_no_header_is_sent_twice(service: Service) -> None:
    tokens = await logged_in(service)

    response = await service.client.get("/api/v1/users/me", headers=tokens.header)

    names = [name.lower() for name, _ in response.headers.multi_items()]
    assert len(names) == len(set(names))


async def test_each_part_can_be_switched(start: Start) -> None:
    async with start(security_csp_enabled=False, security_hsts_enabled=True) as service:
        without_policy = (await service.client.get("/health")).headers
    async with start(security_headers_enabled=False, security_hsts_enabled=True) as service:
        bare = (await service.client.get("/health")).headers

    assert "Content-Security-Policy" not in without_policy
    assert "Strict-Transport-Security" in without_policy
    assert not bare.keys() & {name.lower() for name in (*EXPECTED, "Strict-Transport-Security")}
