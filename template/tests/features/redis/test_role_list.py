"""The list of roles is read from Redis; a change on one instance shows on every other at once."""

from tests.support.factories import logged_in
from tests.support.factories import make_role
from tests.support.redis_proxy import Proxy
from tests.support.redis_server import RedisServer
from tests.support.service import Service
from tests.support.service import Start

ROLES = "/api/v1/roles"
EDITOR = {"name": "editor", "description": "", "permissions": []}


async def names_of(service: Service, header: dict[str, str]) -> list[str]:
    return [role["name"] for role in (await service.client.get(ROLES, headers=header)).json()]


async def test_a_change_shows_on_every_instance(start: Start, redis_url: str) -> None:
    async with start(redis_url=redis_url) as one, start(redis_url=redis_url) as other:
        header = (await logged_in(one, is_superuser=True)).header
        await names_of(one, header)
        await make_role(one, "unheard-of")
        kept = await names_of(other, header)

        await one.client.post(ROLES, json=EDITOR, headers=header)

        assert kept == ["admin", "member"]
        assert await names_of(other, header) == ["admin", "editor", "member", "unheard-of"]


async def test_while_redis_is_away_the_database_is_asked(
    start: Start, redis_server: RedisServer
) -> None:
    with Proxy(redis_server.port).running() as proxy:
        async with start(redis_url=f"redis://127.0.0.1:{proxy.port}/0") as service:
            header = (await logged_in(service, is_superuser=True)).header
            await names_of(service, header)
            await make_role(service, "unheard-of")
            proxy.cut()

            assert await names_of(service, header) == ["admin", "member", "unheard-of"]
