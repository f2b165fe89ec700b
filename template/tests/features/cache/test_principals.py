"""The only instance keeps who a token belongs to in its own memory; one of several asks again."""

import pytest

from tests.support.factories import logged_in
from tests.support.reads import noted_reads
from tests.support.service import Start

ME = "/api/v1/users/me"
LOGOUT = "/api/v1/auth/logout"


@pytest.mark.parametrize(("instances", "expected"), [(1, 1), (2, 2), (None, 2)])
async def test_the_only_instance_reads_a_principal_once(
    start: Start, monkeypatch: pytest.MonkeyPatch, instances: int | None, expected: int
) -> None:
    async with start(instances=instances) as service:
        tokens = await logged_in(service)
        reads = noted_reads(service, monkeypatch)
        answers = [await service.client.get(ME, headers=tokens.header) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(reads) == expected


async def test_the_only_instance_forgets_at_the_end_of_a_session(start: Start) -> None:
    async with start(instances=1) as service:
        tokens = await logged_in(service)
        before = await service.client.get(ME, headers=tokens.header)
        await service.client.post(LOGOUT, headers=tokens.header)
        after = await service.client.get(ME, headers=tokens.header)

    assert [before.status_code, after.status_code] == [200, 401]
