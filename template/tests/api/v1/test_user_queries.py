"""The list of users: its pages, order, filters and aliases."""

from typing import Any

import pytest

from app.core.database.pagination import MAX_LIMIT, Page
from app.schemas.user import UserResponse
from tests.support.factories import logged_in, make_user
from tests.support.service import Service

USERS = "/api/v1/users"

type Header = dict[str, str]


@pytest.fixture
async def root(service: Service) -> Header:
    facts = {"username": "zz-root", "email": "zz-root@example.org"}
    return (await logged_in(service, is_superuser=True, **facts)).header


async def usernames(service: Service, root: Header, path: str, **params: Any) -> list[str]:
    response = await service.client.get(f"{USERS}{path}", params=params, headers=root)
    assert response.status_code == 200, response.text
    return [item["username"] for item in response.json()["items"]]


async def made(service: Service, *names: str | None) -> None:
    for number, name in enumerate(names):
        await make_user(service, username=f"user-{number}", full_name=name)


async def test_pages_are_complete_and_do_not_overlap(service: Service, root: Header) -> None:
    await made(service, None, None, None, None)

    pages = [
        (await service.client.get(USERS, params={"skip": skip, "limit": 2}, headers=root)).json()
        for skip in (0, 2, 4, 2**31 - 1)
    ]

    ids = [item["id"] for page in pages for item in page["items"]]
    assert len(ids) == len(set(ids)) == 5
    assert [page["has_next"] for page in pages] == [True, True, False, False]
    assert [page["has_prev"] for page in pages] == [False, True, True, True]
    assert [page["page"] for page in pages][:3] == [1, 2, 3]
    assert {(page["total"], page["total_pages"]) for page in pages} == {(5, 3)}


@pytest.mark.parametrize("column", ["created_at", "username", "email"])
async def test_the_order_is_the_one_asked_for(service: Service, root: Header, column: str) -> None:
    for name in ("bob", "ada", "eve"):
        await make_user(service, username=name, email=f"{name}@example.com")

    forward = await usernames(service, root, "/", order_by=column)
    backward = await usernames(service, root, "/", order_by=f"-{column}")

    by_name = ["ada", "bob", "eve", "zz-root"]
    assert forward == (["zz-root", "bob", "ada", "eve"] if column == "created_at" else by_name)
    assert backward == forward[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "order_by=password_hash",
        "order_by=--created_at",
        "order_by=created_at;DROP TABLE users",
        "is_active=perhaps",
        "q=",
        "q=%00",
        "q=" + "x" * 101,
        "sort=created_at",
        "include_deleted=true",
        "skip=-1",
        "skip=2147483648",
        "skip=1e3",
        "skip=",
        "skip=%00",
        "limit=0",
        "limit=-1",
        f"limit={MAX_LIMIT + 1}",
        "limit=1000000000000000000000000000000",
        "limit=NaN",
    ],
)
async def test_what_is_not_on_the_list_is_refused(
    service: Service, root: Header, query: str
) -> None:
    response = await service.client.get(f"{USERS}/?{query}", headers=root)

    assert (response.status_code, response.json()["code"]) == (422, "validation_failed")
    assert response.json()["errors"][0]["loc"][0] == "query"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("100%", ["user-0"]),
        ("%", ["user-0"]),
        ("a_b", ["user-1"]),
        ("_", ["user-1"]),
        ("back\\slash", ["user-2"]),
        ("\\", ["user-2"]),
        ("'", ["user-3"]),
        ("LOVE", ["user-4"]),
        ("žluť", ["user-5"]),
        ("日本", ["user-6"]),
        ("😀", ["user-7"]),
        ("%%", []),
        ("' OR 1=1 --", []),
    ],
)
@pytest.mark.parametrize(("path", "parameter"), [("/", "q"), ("/search/", "query")])
async def test_a_search_finds_its_text_literally(
    service: Service, root: Header, path: str, parameter: str, text: str, found: list[str]
) -> None:
    await made(
        service, "100% Ada", "a_b", "back\\slash", "O'Hara", "Lovelace", "žluťoučký", "日本語", "😀"
    )

    assert await usernames(service, root, path, **{parameter: text}) == found


async def test_a_search_reads_username_email_and_name(service: Service, root: Header) -> None:
    await make_user(service, username="needle-1")
    await make_user(service, username="b", email="needle@example.com")
    await make_user(service, username="c", full_name="A Needle")
    await make_user(service, username="d")

    assert await usernames(service, root, "/", q="needle") == ["needle-1", "b", "c"]


async def test_active_and_inactive_users_are_told_apart(service: Service, root: Header) -> None:
    await make_user(service, username="gone", is_active=False)

    everyone = await usernames(service, root, "/")
    active = await usernames(service, root, "/", is_active="true")
    inactive = await usernames(service, root, "/", is_active="false")

    assert everyone == ["zz-root", "gone"]
    assert active == await usernames(service, root, "/active/") == ["zz-root"]
    assert inactive == ["gone"]


@pytest.mark.parametrize("path", ["/search?query=user", "/active?"])
async def test_the_aliases_page_as_the_list_does(service: Service, root: Header, path: str) -> None:
    await made(service, None, None, None)

    response = await service.client.get(f"{USERS}{path}&skip=1&limit=2", headers=root)
    refused = await service.client.get(f"{USERS}{path}&limit={MAX_LIMIT + 1}", headers=root)
    unknown = await service.client.get(f"{USERS}{path}&order_by=username", headers=root)

    page = response.json()
    assert len(page["items"]) == 2
    assert page["has_prev"] is True
    assert page["skip"] == 1
    assert refused.status_code == unknown.status_code == 422


async def test_a_search_says_what_it_searches(service: Service, root: Header) -> None:
    response = await service.client.get(f"{USERS}/search/", headers=root)

    assert response.status_code == 422
    assert response.json()["errors"][0]["loc"] == ["query", "query"]


async def test_a_page_has_the_shape_that_the_schema_promises(
    service: Service, root: Header
) -> None:
    await make_user(service, full_name="Ada", roles=("member", "admin"))

    response = await service.client.get(USERS, headers=root)

    page = Page[UserResponse].model_validate_json(response.content)
    assert page.model_dump(mode="json") == response.json()
    assert [user.roles for user in page.items] == [[], ["admin", "member"]]
