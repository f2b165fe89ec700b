"""Logout and RFC 7009: what was ended does not work any more, at once and everywhere."""

import pytest

from tests.support.factories import bearer, logged_in, make_user, signed_in
from tests.support.service import Service, Start

REVOKE = "/api/v1/auth/revoke"
REFRESH = "/api/v1/auth/refresh"
LOGOUT = "/api/v1/auth/logout"
ME = "/api/v1/users/me"


@pytest.mark.parametrize("kind", ["access", "refresh"])
@pytest.mark.parametrize("hint", [{}, {"token_type_hint": "refresh_token"}])
async def test_a_revoked_token_ends_its_session(
    service: Service, kind: str, hint: dict[str, str]
) -> None:
    tokens = await logged_in(service)

    revoked = await service.client.post(REVOKE, data={"token": getattr(tokens, kind), **hint})

    assert revoked.status_code == 200
    assert (await service.client.get(ME, headers=tokens.header)).status_code == 401
    refreshed = await service.client.post(REFRESH, json={"refresh_token": tokens.refresh})
    assert refreshed.status_code == 400


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "\u00e9", "x" * 8192])
async def test_revoking_an_unknown_token_is_no_error(service: Service, token: str) -> None:
    response = await service.client.post(REVOKE, data={"token": token})

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"


async def test_revoking_twice_is_no_error(service: Service) -> None:
    tokens = await logged_in(service)

    answers = [await service.client.post(REVOKE, data={"token": tokens.refresh}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]


async def test_a_token_in_the_query_is_not_revoked(service: Service) -> None:
    tokens = await logged_in(service)

    response = await service.client.post(REVOKE, params={"token": tokens.refresh})

    assert response.status_code == 422
    assert tokens.refresh not in response.text
    assert (await service.client.get(ME, headers=tokens.header)).status_code == 200


async def test_logout_ends_this_session_only(service: Service) -> None:
    user = await make_user(service)
    tokens = await signed_in(service, user)
    other = await signed_in(service, user)

    response = await service.client.post(LOGOUT, headers=tokens.header)

    assert response.status_code == 204
    assert response.content == b""
    assert (await service.client.get(ME, headers=tokens.header)).status_code == 401
    refreshed = await service.client.post(REFRESH, json={"refresh_token": tokens.refresh})
    assert refreshed.status_code == 400
    assert (await service.client.get(ME, headers=other.header)).status_code == 200


async def test_logout_needs_a_token(service: Service) -> None:
    response = await service.client.post(LOGOUT)

    assert response.status_code == 401


async def test_a_logout_is_seen_by_another_instance_at_once(start: Start) -> None:
    async with start() as service, start() as other:
        tokens = await logged_in(service)
        assert (await other.client.get(ME, headers=tokens.header)).status_code == 200

        await service.client.post(LOGOUT, headers=tokens.header)

        assert (await other.client.get(ME, headers=tokens.header)).status_code == 401


async def test_an_empty_bearer_is_not_authenticated(service: Service) -> None:
    response = await service.client.get(ME, headers=bearer(""))

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"
