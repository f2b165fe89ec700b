"""Requests that are refused by their head, and whose X-Forwarded-For is believed."""

import json

import pytest

from app.core.http.guard import GuardSettings
from app.core.settings import ConfigurationError, Settings
from tests.support import asgi, log
from tests.support.service import Service, Start

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service

HOST = (b"host", b"service.test")
FORWARDED = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "https"}


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


async def test_only_trusted_hosts_are_served_and_probes_may_send_any(start: Start) -> None:
    trusted = ["api.example.org", "API.Example.org:8443", "a.wild.example"]
    foreign = ["wild.example", "xwild.example", "attacker.example", "", "[::1]:80"]
    foreign += ["api.example.org.attacker.example"]
    probes = ["/health", "/api/v1/health/liveness", "/api/v1/health/readiness"]
    async with start(trusted_hosts=["api.example.org", "*.wild.example"]) as service:

        async def status(host: str, path: str = "/api/v1/users/me") -> int:
            return (await service.client.get(path, headers={"Host": host})).status_code

        assert {await status(host) for host in trusted} == {401}
        assert {await status(host) for host in foreign} == {400}
        assert {await status("10.0.0.7:8000", path) for path in probes} == {200}


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("limit=1&limit=2", 400),
        ("skip=0&limit=1&skip=0", 400),
        ("limit=1&%6cimit=2", 400),
        ("skip=0&limit=2&", 401),
    ],
)
async def test_a_query_parameter_is_given_once(service: Service, query: str, status: int) -> None:
    response = await service.client.get(f"/api/v1/users?{query}")

    assert response.status_code == status
    assert response.json()["code"] == {400: "parameter_repeated", 401: "not_authenticated"}[status]


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        (None, "127.0.0.1"),
        (["none"], "127.0.0.1"),
        (["10.0.0.0/8"], "127.0.0.1"),
        (["127.0.0.1"], "203.0.113.7"),
        (["127.0.0.0/8"], "203.0.113.7"),
    ],
)
async def test_the_header_is_believed_from_named_proxies_only(
    start: Start,
    capsysbinary: pytest.CaptureFixture[bytes],
    trusted: list[str] | None,
    seen: str,
) -> None:
    async with start(trusted_proxies=trusted, log_format="json") as service:
        await service.client.get("/health", headers=FORWARDED)

    lines = log.parsed(capsysbinary.readouterr().out)
    assert log.named(lines, "request.completed")[0]["client_ip"] == seen


@pytest.mark.parametrize("listed", ["*", "banana", "10.0.0.0/99", "10.1.2.3/8", "10.0.0.1,none"])
def test_what_names_no_proxy_is_refused(listed: str) -> None:
    with pytest.raises(ConfigurationError, match=r"TRUSTED_PROXIES: .*neither an address"):
        Settings(env_file=None, environment="test", trusted_proxies=listed).group(GuardSettings)


async def test_a_made_up_address_does_not_escape_the_lock_of_the_real_one(start: Start) -> None:
    body = {"username": "nobody", "password": "wrong"}
    async with start(login_failures_per_address=2, login_failures_per_account=9) as service:
        statuses = [
            (
                await service.client.post(
                    "/api/v1/auth/login",
                    json=body,
                    headers={"X-Forwarded-For": f"203.0.113.{number}"},
                )
            ).status_code
            for number in range(3)
        ]

    assert statuses == [401, 401, 429]
