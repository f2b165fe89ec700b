"""Notices of the kernel: mailed where this part is installed, dropped where none delivers them."""

import pytest

from app.core import registry
from app.core.notices import NoNotices, Notices
from tests.support.factories import PASSWORD, make_user, signed_in
from tests.support.mail import mailbox
from tests.support.service import Service

# These tests add routes, read log lines or take parts away.
pytestmark = pytest.mark.own_service


async def notices_of_another_password(service: Service) -> list[str]:
    box = mailbox(service)
    user = await make_user(service)
    body = {"current_password": PASSWORD, "new_password": f"another {PASSWORD}"}
    response = await service.client.post(
        "/api/v1/auth/password/change", json=body, headers=(await signed_in(service, user)).header
    )
    assert response.status_code == 204, response.text
    return await box.subjects(user.email)


async def test_another_password_is_told_by_mail(service: Service) -> None:
    assert await notices_of_another_password(service) == ["your password was changed"]


async def test_without_a_part_that_delivers_them_nothing_is_sent(service: Service) -> None:
    registry.add(service.app, Notices, NoNotices())

    assert await notices_of_another_password(service) == []
