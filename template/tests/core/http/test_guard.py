"""Requests that are refused before any part sees them."""

import json

import pytest

from tests.support import asgi
from tests.support.service import Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

LOGIN = "/api/v1/auth/login"
JSON = (b"content-type", b"application/json")
HOST = (b"host", b"service.test")


@pytest.mark.parametrize("hosts", [[], [HOST, HOST], [HOST, (b"host", b"attacker.example")]])
@pytest.mark.parametrize("path", ["/health", "/api/v1/users/me"])
async def test_a_request_has_exactly_one_host(
    service: Service, hosts: asgi.RawHeaders, path: str
) -> None:
    answer = await asgi.send(service.app, path, hosts)

    assert answer.status == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert json.loads(answer.body)["code"] == "invalid_host"
    assert json.loads(answer.body)["correlation_id"] == answer.headers["x-correlation-id"]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("api.example.org", 401),
        ("API.Example.org:8443", 401),
        ("a.wild.example", 401),
        ("wild.example", 400),
        ("attacker.example", 400),
        ("api.example.org.attacker.example", 400),
        ("xwild.example", 400),
        ("", 400),
        ("[::1]:80", 400),
    ],
)
async def test_only_trusted_hosts_are_served(start: Start, host: str, status: int) -> None:
    async with start(trusted_hosts=["api.example.org", "*.wild.example"]) as service:
        response = await service.client.get("/api/v1/users/me", headers={"Host": host})

    assert response.status_code == status


@pytest.mark.parametrize("path", ["/health", "/api/v1/health/liveness", "/api/v1/health/readiness"])
async def test_probes_may_send_any_host(start: Start, path: str) -> None:
    async with start(trusted_hosts=["api.example.org"]) as service:
        response = await service.client.get(path, headers={"Host": "10.0.0.7:8000"})

    assert response.status_code == 200


async def test_a_body_that_says_it_is_too_long_is_refused(service: Service) -> None:
    body = b'{"username": "' + b"a" * 1_048_576 + b'"}'

    response = await service.client.post(LOGIN, content=body, headers=[JSON])

    assert response.status_code == 413
    assert response.headers["Content-Type"] == "application/problem+json"


async def test_a_chunked_body_is_counted_as_it_arrives(service: Service) -> None:
    chunks = [b"[" * 65_536] * 17
    headers = [HOST, JSON, (b"transfer-encoding", b"chunked")]

    answer = await asgi.send(service.app, LOGIN, headers, method="POST", chunks=chunks)

    assert answer.status == 413
    assert json.loads(answer.body)["status"] == 413


async def test_a_form_is_counted_too(service: Service) -> None:
    headers = [HOST, (b"content-type", b"application/x-www-form-urlencoded")]

    answer = await asgi.send(
        service.app,
        "/api/v1/auth/token",
        headers,
        method="POST",
        chunks=[b"a" * 65_536] * 17,
    )

    assert answer.status == 413


async def test_the_bound_is_a_setting(start: Start) -> None:
    body = {"username": "a", "password": "b" * 1024}
    async with start(max_body_bytes=1024) as service:
        refused = await service.client.post(LOGIN, json=body)
        accepted = await service.client.post(LOGIN, json={"username": "a", "password": "b"})

    assert refused.status_code == 413
    assert accepted.status_code == 401


@pytest.mark.parametrize("query", ["limit=1&limit=2", "skip=0&limit=1&skip=0", "limit=1&%6cimit=2"])
async def test_a_query_parameter_is_given_once(service: Service, query: str) -> None:
    response = await service.client.get(f"/api/v1/users?{query}")

    assert response.status_code == 400
    assert response.json()["code"] == "parameter_repeated"


async def test_different_parameters_pass_the_guard(service: Service) -> None:
    response = await service.client.get("/api/v1/users?skip=0&limit=2&")

    assert response.status_code == 401
