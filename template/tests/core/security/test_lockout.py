"""Too many failed logins: refused before a password is looked at, for a time that is told."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from httpx2 import AsyncClient, Response

from app.core.security.lockout import AT_ONCE
from app.core.security.passwords import Passwords
from tests.support.factories import PASSWORD, make_user
from tests.support.service import Start
from tests.support.time_travel import advance

LOGIN = "/api/v1/auth/login"
WRONG = "a wrong password"


async def attempt(client: AsyncClient, name: str, password: str = WRONG) -> Response:
    return await client.post(LOGIN, json={"username": name, "password": password})


async def fail(client: AsyncClient, name: str, times: int) -> None:
    for _ in range(times):
        assert (await attempt(client, name)).status_code == 401


@pytest.mark.parametrize("exists", [True, False])
async def test_an_account_is_locked_whether_it_exists_or_not(start: Start, exists: bool) -> None:
    async with start(login_failures_per_account=3) as service:
        name = (await make_user(service)).username if exists else "nobody"
        await fail(service.client, name, times=3)

        locked = await attempt(service.client, name)

    assert locked.status_code == 429
    assert locked.json()["code"] == "too_many_attempts"
    assert 295 <= int(locked.headers["Retry-After"]) <= 300


async def test_a_locked_account_refuses_the_right_password_unseen(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(login_failures_per_account=1) as service:
        user = await make_user(service)
        await fail(service.client, user.username, times=1)
        monkeypatch.delattr(Passwords, "verify")
        locked = await attempt(service.client, user.username, PASSWORD)

    assert locked.status_code == 429


@pytest.mark.parametrize(
    ("password", "expected"), [(WRONG, {401, 429}), (PASSWORD, {200})], ids=["wrong", "right"]
)
async def test_only_guesses_at_once_are_refused_and_do_not_go_around_the_limits(
    start: Start, password: str, expected: set[int]
) -> None:
    """More requests than are let in at a time."""
    async with start(login_failures_per_account=3) as service:
        user = await make_user(service)
        asked = (attempt(service.client, user.username, password) for _ in range(4 * AT_ONCE))
        statuses = Counter(answer.status_code for answer in await asyncio.gather(*asked))

    assert set(statuses) == expected
    assert statuses[401] < 3 + AT_ONCE


async def test_email_and_username_are_one_account(start: Start) -> None:
    async with start(login_failures_per_account=2) as service:
        user = await make_user(service)
        await fail(service.client, user.username, times=1)
        await fail(service.client, user.email.upper(), times=1)

        locked = await attempt(service.client, user.username.upper())

    assert locked.status_code == 429


async def test_retry_after_is_true_and_refused_attempts_do_not_prolong_it(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with start(login_failures_per_account=1, login_failure_window_seconds=60) as service:
        user = await make_user(service)
        await fail(service.client, user.username, times=1)
        advance(monkeypatch, timedelta(seconds=30))
        locked = await attempt(service.client, user.username, PASSWORD)
        advance(monkeypatch, timedelta(seconds=int(locked.headers["Retry-After"])))

        opened = await attempt(service.client, user.username, PASSWORD)

    assert locked.status_code == 429
    assert 25 <= int(locked.headers["Retry-After"]) <= 30
    assert opened.status_code == 200


async def test_a_success_forgets_the_failures(start: Start) -> None:
    async with start(login_failures_per_account=2) as service:
        user = await make_user(service)
        await fail(service.client, user.username, times=1)
        assert (await attempt(service.client, user.username, PASSWORD)).status_code == 200
        await fail(service.client, user.username, times=1)

        response = await attempt(service.client, user.username, PASSWORD)

    assert response.status_code == 200


async def test_an_address_is_locked_for_all_accounts_and_others_are_not(start: Start) -> None:
    async with start(login_failures_per_address=3) as service:
        user = await make_user(service)
        for number in range(3):
            await fail(service.client, f"nobody{number}", times=1)

        locked = await attempt(service.client, user.username, PASSWORD)
        async with service.client_at("203.0.113.7") as elsewhere:
            free = await attempt(elsewhere, user.username, PASSWORD)

    assert locked.status_code == 429
    assert free.status_code == 200


async def test_a_lock_is_shared_by_all_instances(start: Start) -> None:
    async with start(login_failures_per_account=1) as service, start() as other:
        await fail(service.client, "nobody", times=1)

        async with start(login_failures_per_account=1) as third:
            locked = await attempt(third.client, "nobody")
        lenient = await attempt(other.client, "nobody")

    assert locked.status_code == 429
    assert lenient.status_code == 401


async def test_the_token_endpoint_counts_and_refuses_alike(start: Start) -> None:
    fields = {"grant_type": "password", "username": "nobody", "password": "wrong"}
    async with start(login_failures_per_account=1) as service:
        answers = [await service.client.post("/api/v1/auth/token", data=fields) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [400, 429]
    assert int(answers[1].headers["Retry-After"]) > 0


async def test_0_switches_the_limits_off_outside_production(start: Start) -> None:
    async with start(login_failures_per_account=0, login_failures_per_address=0) as service:
        await fail(service.client, "nobody", times=3)


async def test_many_failures_from_everywhere_alarm_and_slow_down_who_fails(
    start: Start, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    delays: list[float] = []

    async def slept(seconds: float) -> None:
        delays.append(seconds)

    monkeypatch.setattr("app.core.security.lockout.sleep", slept)
    async with start(login_failures_overall=3) as service:
        user = await make_user(service)
        await fail(service.client, "nobody", times=2)
        before = list(delays)
        await fail(service.client, "nobody", times=2)
        attacked = list(delays)
        async with service.client_at("203.0.113.7") as elsewhere:
            right = await attempt(elsewhere, user.username, PASSWORD)

    assert (before, attacked) == ([], [1.0, 1.0, 1.0])
    assert right.status_code == 200
    assert delays == attacked
    assert capsysbinary.readouterr().out.count(b"auth.attack") == 1
