"""Idempotency-Key: what is sent again is answered again, and done once."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from httpx2 import Response
from sqlalchemy import func, select

from app.api.creating_route import CreatingRoute
from app.api.deps import CurrentUser, SessionDep
from app.core import registry
from app.core.settings import Settings
from app.domains import Domain
from app.features.idempotency.store import MAX_BODY_BYTES, StoredAnswer
from app.models.role import Role
from app.models.user import User
from tests.support.factories import Tokens, logged_in, make_user, signed_in
from tests.support.service import SECRET_KEY, Service, Start
from tests.support.time_travel import advance

USERS = "/api/v1/users"
ROLES = "/api/v1/roles"
ADA = {"email": "ada@example.com", "username": "ada"}


async def post(
    service: Service, path: str, body: object, tokens: Tokens, key: str = "key-1"
) -> Response:
    headers = {**tokens.header, "Idempotency-Key": key}
    return await service.client.post(path, json=body, headers=headers)


async def stored(service: Service) -> list[StoredAnswer]:
    async with service.database.read() as session:
        return list(await session.scalars(select(StoredAnswer)))


async def users_named(service: Service, name: str) -> int:
    async with service.database.read() as session:
        found = await session.scalar(select(func.count()).where(User.username == name))
    return found or 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (USERS, {**ADA, "password": "correct horse battery staple"}),
        (ROLES, {"name": "support", "permissions": ["users:read"]}),
    ],
)
async def test_a_repeated_request_gets_the_same_answer(
    service: Service, path: str, body: dict[str, Any]
) -> None:
    admin = await logged_in(service, is_superuser=True)

    first, second = [await post(service, path, body, admin) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    for name in ("Location", "ETag", "Content-Type"):
        assert first.headers[name] == second.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"


async def test_without_a_key_nothing_is_kept(service: Service) -> None:
    admin = await logged_in(service, is_superuser=True)

    answers = [await service.client.post(USERS, json=ADA, headers=admin.header) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]
    assert await stored(service) == []


async def test_another_request_with_the_key_is_refused(service: Service) -> None:
    admin = await logged_in(service, is_superuser=True)
    await post(service, USERS, ADA, admin)

    response = await post(service, USERS, {**ADA, "username": "eve"}, admin)

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert await users_named(service, "eve") == 0


async def test_a_key_belongs_to_one_caller_and_one_path(service: Service) -> None:
    first = await logged_in(service, is_superuser=True)
    second = await logged_in(service, is_superuser=True)
    role = {"name": "support", "permissions": []}

    answers = [
        await post(service, USERS, ADA, first),
        await post(service, USERS, {**ADA, "email": "b@example.com", "username": "b12"}, second),
        await post(service, ROLES, role, first),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len(await stored(service)) == 3


async def test_a_refused_request_keeps_nothing(service: Service) -> None:
    admin = await logged_in(service, is_superuser=True)

    refused = await post(service, USERS, {**ADA, "roles": ["no-such-role"]}, admin)
    corrected = await post(service, USERS, ADA, admin)

    assert (refused.status_code, corrected.status_code) == (422, 201)


async def test_who_may_no_longer_do_it_is_not_told_what_was_answered(service: Service) -> None:
    user = await make_user(service, is_superuser=True)
    tokens = await signed_in(service, user)
    await post(service, USERS, ADA, tokens)
    async with service.database.write() as session:
        (await session.get_one(User, user.id)).is_superuser = False

    response = await post(service, USERS, ADA, tokens)

    assert response.status_code == 403
    assert ADA["email"] not in response.text


async def test_of_concurrent_requests_one_does_it(service: Service) -> None:
    admin = await logged_in(service, is_superuser=True)

    answers = await asyncio.gather(*(post(service, USERS, ADA, admin) for _ in range(8)))

    done = [answer for answer in answers if answer.status_code == 201]
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in done}) == 1
    assert len([one for one in done if "Idempotency-Replayed" not in one.headers]) == 1
    assert await users_named(service, "ada") == 1


@pytest.mark.parametrize(
    "key", [[""], [" "], ["a b"], ["\u00e9"], ["k" * 256], ["a\tb"], ["key-1", "key-2"]]
)
async def test_a_malformed_key_is_refused(service: Service, key: list[str]) -> None:
    admin = await logged_in(service, is_superuser=True)
    headers = [(b"authorization", admin.header["Authorization"].encode())]
    headers += [(b"idempotency-key", part.encode("latin-1")) for part in key]

    response = await service.client.post(USERS, json=ADA, headers=headers)

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_malformed")
    assert await users_named(service, "ada") == 0


async def test_after_a_day_the_key_is_free_and_old_answers_go(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await make_user(service, is_superuser=True)
    tokens = await signed_in(service, admin)
    role = {"name": "support", "permissions": []}
    await post(service, ROLES, role, tokens)
    await post(service, ROLES, {**role, "name": "other"}, tokens, "key-2")
    advance(monkeypatch, timedelta(hours=24))

    later = await signed_in(service, admin)
    response = await post(service, ROLES, {**role, "name": "third"}, later)

    assert response.status_code == 201
    assert len(await stored(service)) == 1


async def test_an_answer_outlives_a_rotation_of_the_key(start: Start) -> None:
    async with start() as service:
        admin = await logged_in(service, is_superuser=True)
        await post(service, USERS, ADA, admin)

    async with start(secret_key=SECRET_KEY[::-1], secret_key_previous=SECRET_KEY) as service:
        response = await post(service, USERS, ADA, admin)

    assert (response.status_code, response.headers["Idempotency-Replayed"]) == (201, "true")


async def test_the_schema_tells_which_routes_take_a_key(service: Service) -> None:
    schema = service.app.openapi()

    taking = {
        path
        for path, methods in schema["paths"].items()
        for operation in methods.values()
        if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", ()))
    }
    creating = {
        path
        for path, methods in schema["paths"].items()
        if "201" in methods.get("post", {}).get("responses", {})
    }
    assert taking == creating
    assert {USERS, ROLES} <= taking


class SecretRoute(CreatingRoute):
    keeps_answer = False


@dataclass
class Workshop:
    """A domain whose endpoint waits, so that a test can do something meanwhile."""

    name: str
    entered: asyncio.Event = field(default_factory=asyncio.Event)
    finish: asyncio.Event = field(default_factory=asyncio.Event)
    body: str = "secret-of-the-answer"

    def install(self, app: FastAPI, settings: Settings) -> None:
        things = APIRouter(prefix="/things", route_class=CreatingRoute)
        secrets = APIRouter(prefix="/secrets", route_class=SecretRoute)

        async def create(user: CurrentUser, session: SessionDep) -> str:
            self.entered.set()
            await self.finish.wait()
            session.add(Role(name=f"thing-{self.name}", permissions=[]))
            return self.body

        things.add_api_route("", create, methods=["POST"], status_code=201)
        secrets.add_api_route("", create, methods=["POST"], status_code=201, name="create_secret")
        app.include_router(things)
        app.include_router(secrets)


def workshop(service: Service, name: str) -> Workshop:
    made = Workshop(name)
    Domain(install=made.install).install(service.app, registry.get(service.app, Settings))
    return made


async def role_names(service: Service) -> set[str]:
    async with service.database.read() as session:
        return set(await session.scalars(select(Role.name).where(Role.name.like("thing-%"))))


async def test_a_request_under_way_is_not_started_again(own_service: Service) -> None:
    shop = workshop(own_service, "a")
    tokens = await logged_in(own_service)

    first = asyncio.create_task(post(own_service, "/things", None, tokens))
    await shop.entered.wait()
    meanwhile = await post(own_service, "/things", None, tokens)
    shop.finish.set()
    done = await first
    afterwards = await post(own_service, "/things", None, tokens)

    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "request_under_way")
    assert (done.status_code, afterwards.status_code) == (201, 201)
    assert afterwards.headers["Idempotency-Replayed"] == "true"


async def test_of_two_instances_one_does_it_and_the_other_takes_it_back(start: Start) -> None:
    async with start() as here, start() as there:
        slow, fast = workshop(here, "here"), workshop(there, "there")
        fast.finish.set()
        tokens = await logged_in(here)

        late = asyncio.create_task(post(here, "/things", None, tokens))
        await slow.entered.wait()
        first = await post(there, "/things", None, tokens)
        slow.finish.set()
        second = await late

        assert first.status_code == 201
        assert (second.status_code, second.json()["code"]) == (409, "request_under_way")
        assert await role_names(here) == {"thing-there"}


async def test_an_answer_with_a_secret_is_not_stored(own_service: Service) -> None:
    shop = workshop(own_service, "a")
    shop.finish.set()
    tokens = await logged_in(own_service)

    first, second = [await post(own_service, "/secrets", None, tokens) for _ in range(2)]

    assert first.json() == shop.body
    assert (second.status_code, second.json()["code"]) == (409, "already_done")
    assert [row.body for row in await stored(own_service)] == [None]


async def test_an_answer_too_large_to_keep_is_not_repeated(own_service: Service) -> None:
    shop = workshop(own_service, "a")
    shop.body = "x" * MAX_BODY_BYTES
    shop.finish.set()
    tokens = await logged_in(own_service)

    answers = [await post(own_service, "/things", None, tokens) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 409]


async def test_a_route_without_a_caller_or_a_transaction_is_refused(own_service: Service) -> None:
    router = APIRouter(route_class=CreatingRoute)

    async def create(user: CurrentUser) -> None: ...

    router.add_api_route("/things", create, methods=["POST"], status_code=201)
    own_service.app.include_router(router)

    with pytest.raises(TypeError, match="SessionDep"):
        own_service.app.openapi()


async def test_a_page_of_a_listed_origin_may_use_it(start: Start) -> None:
    origin = {"Origin": "https://app.example.org"}
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "idempotency-key",
    }
    async with start(cors_allow_origins=[origin["Origin"]]) as service:
        allowed = await service.client.options(USERS, headers=origin | asked)
        answer = await service.client.get("/health", headers=origin)

    assert allowed.status_code == 200
    assert "Idempotency-Replayed" in answer.headers["Access-Control-Expose-Headers"]


async def test_the_schema_names_the_header_and_its_errors(own_service: Service) -> None:
    workshop(own_service, "a")

    schema = own_service.app.openapi()
    operation = schema["paths"]["/things"]["post"]

    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]
    assert {"409", "422"} <= set(operation["responses"])


async def test_a_creating_route_may_be_hidden_from_the_schema(own_service: Service) -> None:
    router = APIRouter(route_class=CreatingRoute)

    async def create(user: CurrentUser, session: SessionDep) -> None: ...

    router.add_api_route(
        "/hidden", create, methods=["POST"], status_code=201, include_in_schema=False
    )
    own_service.app.include_router(router)

    assert "/hidden" not in own_service.app.openapi()["paths"]
