"""A login takes as long for an unknown address as for a known one."""

import pytest

from tests.support.equal_time import UNLIMITED, Ask, assert_equal_time
from tests.support.factories import PASSWORD
from tests.support.service import Service, Start

pytestmark = pytest.mark.slow

WRONG = "wrong " + PASSWORD


async def log_in(service: Service, email: str, number: int) -> int:
    body = {"email": email, "password": WRONG}
    return (await service.client.post("/api/v1/auth/login", json=body)).status_code


async def grant(service: Service, email: str, number: int) -> int:
    fields = {"grant_type": "password", "username": email, "password": WRONG}
    return (await service.client.post("/api/v1/auth/token", data=fields)).status_code


@pytest.mark.parametrize("ask", [log_in, grant])
async def test_known_and_unknown_addresses_take_equally_long(start: Start, ask: Ask) -> None:
    async with start(**UNLIMITED) as service:
        await assert_equal_time(service, ask)
