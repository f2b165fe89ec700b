"""Registration and a forgotten password take as long for an unknown address as for a known one."""

import pytest

from app.core import registry
from app.features.mail import Background
from tests.support.equal_time import UNLIMITED, Ask, assert_equal_time
from tests.support.factories import PASSWORD
from tests.support.mail import mailbox
from tests.support.service import Service, Start

pytestmark = pytest.mark.slow


async def forgot(service: Service, email: str, number: int) -> int:
    body = {"email": email}
    return (await service.client.post("/api/v1/auth/password/forgot", json=body)).status_code


async def register(service: Service, email: str, number: int) -> int:
    body = {"email": email, "username": f"new{number}", "password": PASSWORD}
    return (await service.client.post("/api/v1/auth/register", json=body)).status_code


@pytest.mark.parametrize("ask", [forgot, register])
async def test_known_and_unknown_addresses_take_equally_long(start: Start, ask: Ask) -> None:
    async with start(**UNLIMITED) as service:
        mailbox(service)
        await assert_equal_time(service, ask, registry.get(service.app, Background).idle)
