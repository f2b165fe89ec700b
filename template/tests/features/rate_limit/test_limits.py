"""Which requests count together, what a refusal says, and what is never refused."""

import asyncio
import time
from datetime import timedelta

import pytest
from httpx2 import Response

from app.core import instruments, registry
from app.core.instruments import Instruments
from app.core.settings import Settings
from tests.support.factories import PASSWORD, logged_in, make_user, signed_in
from tests.support.log import named, parsed
from tests.support.service import Service, Start

ME = "/api/v1/users/me"
LOGIN = "/api/v1/auth/login"
TOKEN = "/api/v1/auth/token"
WRONG = {"username": "nobody", "password": "a wrong password"}
ON = {"rate_limit_enabled": True}


async def statuses(service: Service, path: str, times: int, **options: object) -> list[int]:
    return [(await service.client.get(path, **options)).status_code for _ in range(times)]  # type: ignore[arg-type]


async def test_an_address_has_one_limit_for_whatever_it_asks(start: Start) -> None:
    async with start(**ON, rate_limit_default="3/minute") as service:
        for path in ("/docs", "/nowhere", ME):
            assert (await service.client.get(path)).status_code != 429

        refused = await service.client.get("/openapi.json")
        async with service.client_at("203.0.113.7") as elsewhere:
            free = await elsewhere.get("/openapi.json")

    assert refused.status_code == 429
    assert free.status_code == 200


async def test_a_refusal_is_a_problem_with_every_header(start: Start) -> None:
    async with start(**ON, rate_limit_default="1/minute") as service:
        passed = await service.client.get(ME)
        refused = await service.client.get(ME)

    assert refused.status_code == 429
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["code"] == "rate_limited"
    assert refused.json()["correlation_id"] == refused.headers["X-Correlation-ID"]
    assert 55 <= int(refused.headers["Retry-After"]) <= 60
    missing = passed.headers.keys() - refused.headers.keys() - {"www-authenticate"}
    assert missing == set()


async def test_retry_after_is_true_and_a_refusal_prolongs_nothing(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(**ON, rate_limit_default="2/minute") as service:
        later = Later(monkeypatch)
        await service.client.get(ME)
        later.by(timedelta(seconds=30))
        await service.client.get(ME)
        refused = await service.client.get(ME)
        wait = int(refused.headers["Retry-After"])
        later.by(timedelta(seconds=wait - 1))
        still = await service.client.get(ME)
        later.by(timedelta(seconds=1))

        free = await service.client.get(ME)
        full = await service.client.get(ME)

    assert 29 <= wait <= 30
    assert still.status_code == 429
    assert free.status_code == 401
    assert full.status_code == 429  # the window moves: the second request is still in it


class Later:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._seconds = 0.0
        monkeypatch.setattr("app.features.rate_limit.windows.monotonic", self._now)

    def _now(self) -> float:
        return time.monotonic() + self._seconds

    def by(self, duration: timedelta) -> None:
        self._seconds += duration.total_seconds()


async def test_logins_have_a_limit_of_their_own(start: Start) -> None:
    async with start(**ON, rate_limit_auth="2/5minutes") as service:
        tokens = await logged_in(service)
        for _ in range(2):
            assert (await service.client.post(LOGIN, json=WRONG)).status_code == 401

        refused = await service.client.post(LOGIN, json=WRONG)
        slashed = await service.client.post(LOGIN + "/", json=WRONG)
        grant = await service.client.post(TOKEN, data={"grant_type": "password", **WRONG})
        refresh = {"grant_type": "refresh_token", "refresh_token": tokens.refresh}
        refreshed = await service.client.post(TOKEN, data=refresh)
        me = await service.client.get(ME, headers=tokens.header)

    assert refused.status_code == slashed.status_code == grant.status_code == 429
    assert int(grant.headers["Retry-After"]) > 290
    assert refreshed.status_code == me.status_code == 200


async def test_refresh_and_logout_are_not_limited_as_logins_are(start: Start) -> None:
    async with start(**ON, rate_limit_auth="1/minute") as service:
        for _ in range(3):
            user = await make_user(service)
            tokens = await signed_in(service, user)
            body = {"refresh_token": tokens.refresh}
            refreshed = await service.client.post("/api/v1/auth/refresh", json=body)
            ended = await service.client.post("/api/v1/auth/logout", headers=tokens.header)

            assert refreshed.status_code == 200
            assert ended.status_code == 204


async def test_a_user_is_limited_over_all_addresses_and_tokens(start: Start) -> None:
    async with start(**ON, rate_limit_principal="3/minute") as service:
        user = await make_user(service)
        answers: list[Response] = []
        for number in range(4):
            tokens = await signed_in(service, user)
            async with service.client_at(f"203.0.113.{number}") as client:
                answers.append(await client.get(ME, headers=tokens.header))
        other = await service.client.get(ME, headers=(await logged_in(service)).header)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert other.status_code == 200


async def test_a_known_token_is_counted_once_for_each_request(start: Start) -> None:
    async with start(**ON, rate_limit_principal="4/minute") as service:
        header = (await logged_in(service)).header

        assert await statuses(service, ME, 5, headers=header) == [200, 200, 200, 200, 429]


async def test_a_forged_token_costs_its_user_nothing(start: Start) -> None:
    async with start(**ON, rate_limit_principal="2/minute") as service:
        header = (await logged_in(service)).header
        head, _, signature = header["Authorization"].rpartition(".")
        forged = {"Authorization": f"{head}.{signature[::-1]}"}

        assert await statuses(service, ME, 4, headers=forged) == [401] * 4
        assert await statuses(service, ME, 2, headers=header) == [200] * 2


async def test_what_is_left_is_told_where_it_is_switched_on(start: Start) -> None:
    async with start(**ON, rate_limit_default="5/minute") as service:
        silent = await service.client.get(ME)
    async with start(**ON, rate_limit_headers_enabled=True, rate_limit_default="5/minute") as two:
        header = (await logged_in(two)).header
        first = await two.client.get(ME, headers=header)
        second = await two.client.get(ME, headers=header)

    assert "RateLimit" not in silent.headers
    policy = '"default";q=5;w=60, "principal";q=5;w=60'
    assert first.headers["RateLimit-Policy"] == second.headers["RateLimit-Policy"] == policy
    assert first.headers["RateLimit"] == '"default";r=4;t=60, "principal";r=4;t=60'
    assert second.headers["RateLimit"].startswith('"default";r=3;t=')


async def test_probes_are_never_limited(start: Start) -> None:
    async with start(**ON, rate_limit_default="1/minute") as service:
        await service.client.get(ME)

        for path in ("/health", "/api/v1/health/liveness", "/api/v1/health/readiness"):
            assert await statuses(service, path, 3) == [200] * 3


async def test_an_invented_forwarded_address_opens_nothing(start: Start) -> None:
    async with start(**ON, rate_limit_default="1/minute") as service:
        forwarded = [{"X-Forwarded-For": f"203.0.113.{number}"} for number in range(3)]
        answers = [(await service.client.get(ME, headers=one)).status_code for one in forwarded]

    assert answers == [401, 429, 429]


async def test_a_client_behind_a_trusted_proxy_counts_for_itself(start: Start) -> None:
    async with start(**ON, rate_limit_default="1/minute", trusted_proxies=["127.0.0.1"]) as service:
        forwarded = [{"X-Forwarded-For": f"203.0.113.{number % 2}"} for number in range(4)]
        answers = [(await service.client.get(ME, headers=one)).status_code for one in forwarded]

    assert answers == [401, 401, 429, 429]


@pytest.mark.parametrize(
    ("one", "other", "status"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", 429),
        ("2001:db8::1", "2001:db8:0:1::1", 401),
        ("::ffff:203.0.113.1", "203.0.113.1", 429),
        ("::ffff:203.0.113.1", "::ffff:203.0.113.2", 401),
    ],
)
async def test_a_network_of_64_bits_is_one_client(
    start: Start, one: str, other: str, status: int
) -> None:
    async with start(**ON, rate_limit_default="1/minute") as service:
        async with service.client_at(one) as client:
            await client.get(ME)
        async with service.client_at(other) as client:
            answer = await client.get(ME)

    assert answer.status_code == status


async def test_concurrent_requests_do_not_slip_through(start: Start) -> None:
    async with start(**ON, rate_limit_default="5/minute") as service:
        answers = await asyncio.gather(*(service.client.get("/nowhere") for _ in range(20)))

    assert sorted(answer.status_code for answer in answers) == [404] * 5 + [429] * 15


async def test_off_there_is_no_limit(start: Start) -> None:
    async with start(rate_limit_enabled=False, rate_limit_default="1/minute") as service:
        assert await statuses(service, "/nowhere", 5) == [404] * 5


class Hits(Instruments):
    def __init__(self) -> None:
        self.limits: list[str] = []

    def rate_limit_hit(self, limit: str) -> None:
        self.limits.append(limit)


async def test_a_refusal_is_logged_and_counted(
    start: Start, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    limits = {"rate_limit_auth": "1/minute", "rate_limit_principal": "1/minute"}
    async with start(**ON, **limits, log_format="json", login_failures_per_account=0) as service:
        hits = Hits()
        instruments.add(hits)
        await statuses(service, ME, 2, headers=(await logged_in(service)).header)
        for _ in range(2):
            await service.client.post(LOGIN, json={"username": "nobody", "password": PASSWORD})
        instruments.install(service.app, registry.get(service.app, Settings))

    assert hits.limits == ["principal", "auth"]
    lines = named(parsed(capfdbinary.readouterr().out), "rate_limit.exceeded")
    assert [(line["limit"], line["client_ip"]) for line in lines] == [
        ("principal", "127.0.0.1"),
        ("auth", "127.0.0.1"),
    ]
    assert all(line["level"] == "warning" and line["correlation_id"] for line in lines)
