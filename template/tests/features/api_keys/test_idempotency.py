"""A request for a key that is sent twice."""

from sqlalchemy import select

from app.features.idempotency.store import StoredAnswer
from tests.support.factories import logged_in
from tests.support.service import Service

KEYS = "/api/v1/api-keys"


async def test_a_repeated_request_makes_no_second_key_and_shows_none(service: Service) -> None:
    tokens = await logged_in(service)
    headers = {**tokens.header, "Idempotency-Key": "key-1"}
    body = {"name": "nightly", "scopes": []}

    first, second = [await service.client.post(KEYS, json=body, headers=headers) for _ in range(2)]

    assert first.status_code == 201
    assert (second.status_code, second.json()["code"]) == (409, "already_done")
    assert len((await service.client.get(KEYS, headers=tokens.header)).json()) == 1
    async with service.database.read() as session:
        assert list(await session.scalars(select(StoredAnswer.body))) == [None]
