"""RFC 6750: how a token is sent, and what a refusal says."""

import pytest

from tests.support.factories import bearer, logged_in
from tests.support.service import Service

ME = "/api/v1/users/me"
CHALLENGE = "WWW-Authenticate"


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic dTpw"}, {"Authorization": "x"}])
async def test_without_a_token_the_challenge_names_no_error(
    service: Service, headers: dict[str, str]
) -> None:
    response = await service.client.get(ME, headers=headers)

    assert response.status_code == 401
    assert response.headers[CHALLENGE] == "Bearer"


async def test_a_token_that_is_not_valid_is_told_so(service: Service) -> None:
    response = await service.client.get(ME, headers=bearer("a.b.c"))

    assert response.status_code == 401
    assert response.headers[CHALLENGE] == 'Bearer error="invalid_token"'


async def test_a_missing_permission_is_named(service: Service) -> None:
    tokens = await logged_in(service)

    response = await service.client.get("/api/v1/users", headers=tokens.header)

    assert response.status_code == 403
    assert response.headers[CHALLENGE] == 'Bearer error="insufficient_scope", scope="users:read"'


async def test_a_token_in_the_query_or_the_body_is_not_taken(service: Service) -> None:
    tokens = await logged_in(service)
    fields = {"access_token": tokens.access}

    answers = [
        await service.client.get(ME, params=fields),
        await service.client.post("/api/v1/auth/logout", data=fields),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert all(tokens.access not in answer.text for answer in answers)


async def test_the_scheme_is_read_in_any_case(service: Service) -> None:
    tokens = await logged_in(service)

    response = await service.client.get(ME, headers={"Authorization": f"bEaReR {tokens.access}"})

    assert response.status_code == 200
