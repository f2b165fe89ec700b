"""Whether an account exists is not told by the time that an answer takes."""

import time
from collections.abc import Awaitable, Callable
from statistics import median

import pytest

from app.core import registry
from app.features.mail.background import Background
from tests.support.factories import PASSWORD, make_user
from tests.support.mail import mailbox
from tests.support.service import Service, Start

pytestmark = pytest.mark.slow

PAIRS = 150
ROUNDS = 3
TOLERANCE = 0.10
WRONG = "wrong " + PASSWORD

type Ask = Callable[[Service, str, int], Awaitable[int]]


async def log_in(service: Service, email: str, number: int) -> int:
    body = {"email": email, "password": WRONG}
    return (await service.client.post("/api/v1/auth/login", json=body)).status_code


async def grant(service: Service, email: str, number: int) -> int:
    fields = {"grant_type": "password", "username": email, "password": WRONG}
    return (await service.client.post("/api/v1/auth/token", data=fields)).status_code


async def forgot(service: Service, email: str, number: int) -> int:
    body = {"email": email}
    return (await service.client.post("/api/v1/auth/password/forgot", json=body)).status_code


async def register(service: Service, email: str, number: int) -> int:
    body = {"email": email, "username": f"new{number}", "password": PASSWORD}
    return (await service.client.post("/api/v1/auth/register", json=body)).status_code


@pytest.mark.parametrize("ask", [log_in, grant, forgot, register])
async def test_known_and_unknown_addresses_take_equally_long(start: Start, ask: Ask) -> None:
    """Medians of 150 each; a machine that was busy meanwhile gets two more rounds."""
    limits = {"login_failures_per_account": 0, "login_failures_per_address": 0}
    async with start(**limits, login_failures_overall=0, log_level="CRITICAL") as service:
        mailbox(service)
        ratios: list[float] = []
        while len(ratios) < ROUNDS and not any(abs(ratio - 1) <= TOLERANCE for ratio in ratios):
            known = (await make_user(service)).email
            ratios.append(await ratio_of_medians(service, ask, known, len(ratios)))

    assert any(abs(ratio - 1) <= TOLERANCE for ratio in ratios), ratios


async def ratio_of_medians(service: Service, ask: Ask, known: str, round_number: int) -> float:
    """Asked in turn, so that a slow moment hits both, and neither always follows the other."""
    times: dict[bool, list[float]] = {True: [], False: []}
    statuses = set()
    for number in range(2 * PAIRS):
        is_known = number % 4 in {0, 3}
        unique = 2 * PAIRS * round_number + number
        email = known if is_known else f"nobody{unique}@example.com"
        started = time.perf_counter()
        statuses.add(await ask(service, email, unique))
        times[is_known].append(time.perf_counter() - started)
        await registry.get(service.app, Background).idle()
    assert len(statuses) == 1
    return median(times[True]) / median(times[False])
