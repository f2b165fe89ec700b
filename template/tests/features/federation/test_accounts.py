"""Which account an identity opens; the account-takeover table."""

from typing import Any

import pytest
from sqlalchemy import select

from app.core.security.events import SecurityEvent
from app.models.role import Role
from app.models.user import User
from tests.features.federation.browser import Browser, landing, signed_in_through
from tests.features.federation.conftest import ACME, NAME, Configure
from tests.features.federation.pkce import PkceClient
from tests.features.federation.stub import CLIENT_ID, SECRET, Stub
from tests.support.factories import bearer, login, make_role, make_user, signed_in
from tests.support.service import Service

EMAIL = "ada@example.com"
IDENTITIES = "/api/v1/auth/identities"


async def stored(service: Service, user: User) -> User:
    async with service.database.read() as session:
        found = await session.get(User, user.id)
    assert found is not None
    return found


async def refused(service: Service, stub: Stub) -> str:
    return (await Browser(service).login(stub))["error_description"]


async def linked(service: Service, stub: Stub, access: str, provider: str = NAME) -> Any:
    """The answer to the client that redeems the code in which the linking ends."""
    application, browser = PkceClient(), Browser(service)
    body = application.authorization(provider)
    del body["provider"]
    asked = await browser.client.post(f"{IDENTITIES}/{provider}", json=body, headers=bearer(access))
    assert asked.status_code == 200, asked.text
    away = await browser.client.get(asked.json()["authorization_url"])
    back = await browser.returns(provider, **stub.authorized(away.headers["location"]))
    return await browser.redeems(application, landing(back, application)["code"])


@pytest.mark.parametrize(
    "facts",
    [
        {"email_verified": False},
        {"email_verified": True},
        {"email_verified": True, "password_hash": None},
    ],
)
async def test_an_account_of_the_same_address_is_not_taken_over(
    service: Service, stub: Stub, facts: dict[str, Any]
) -> None:
    user = await make_user(service, email=EMAIL, **facts)

    reason = await refused(service, stub)

    assert reason == "account_exists"
    after = await stored(service, user)
    assert (after.email_verified, after.password_hash) == (user.email_verified, user.password_hash)


async def test_the_address_in_another_case_is_the_same_address(
    service: Service, stub: Stub
) -> None:
    await make_user(service, email=EMAIL)
    stub.claims["email"] = "Ada@EXAMPLE.com"

    assert await refused(service, stub) == "account_exists"


async def test_the_same_address_at_a_second_provider_opens_nothing(
    service: Service, stub: Stub, configure: Configure
) -> None:
    await signed_in_through(service, stub)
    stub.claims["sub"] = stub.userinfo["sub"] = "another account there"

    assert await refused(service, stub) == "account_exists"


async def test_a_new_address_at_the_provider_opens_the_same_account(
    service: Service, stub: Stub
) -> None:
    first = await signed_in_through(service, stub)
    await make_user(service, email="grace@example.com")
    stub.claims.update(email="grace@example.com", email_verified=False)

    second = await signed_in_through(service, stub)

    assert second["user_id"] == first["user_id"]
    assert second["email"] == EMAIL


async def test_a_disabled_user_is_refused(service: Service, stub: Stub) -> None:
    await signed_in_through(service, stub)
    async with service.database.write() as session:
        user = await session.scalar(select(User))
        assert user is not None
        user.is_active = False

    assert await refused(service, stub) == "account_disabled"


async def test_linking_takes_the_accounts_own_login(service: Service, stub: Stub) -> None:
    user = await make_user(service, email=EMAIL)

    answer = await linked(service, stub, (await login(service, user)).access)

    assert answer.status_code == 200, answer.text
    assert (await signed_in_through(service, stub))["user_id"] == str(user.id)
    listed = await service.client.get(IDENTITIES, headers=bearer(answer.json()["access_token"]))
    assert [(one["provider"], one["email"]) for one in listed.json()] == [(NAME, EMAIL)]
    assert (await service.client.post(f"{IDENTITIES}/{NAME}", json={})).status_code == 401


async def test_nothing_is_linked_until_the_client_redeems_the_code(
    service: Service, stub: Stub
) -> None:
    """Somebody lured to the address of another's linking gives nothing away by logging in there."""
    attacker = await signed_in(service, await make_user(service))
    body = PkceClient().authorization(NAME)
    del body["provider"]
    asked = await service.client.post(f"{IDENTITIES}/{NAME}", json=body, headers=attacker.header)
    victim = Browser(service)

    away = await victim.client.get(asked.json()["authorization_url"])
    await victim.returns(NAME, **stub.authorized(away.headers["location"]))

    listed = await service.client.get(IDENTITIES, headers=attacker.header)
    assert listed.json() == []


async def test_an_identity_of_another_account_cannot_be_linked(
    service: Service, stub: Stub
) -> None:
    await signed_in_through(service, stub)
    other = await signed_in(service, await make_user(service))

    answer = await linked(service, stub, other.access)

    assert (answer.status_code, answer.json()["code"]) == (409, "identity_taken")


async def test_the_last_way_in_stays(service: Service, stub: Stub) -> None:
    tokens = await signed_in_through(service, stub)
    header = bearer(tokens["access_token"])

    last = await service.client.delete(f"{IDENTITIES}/{NAME}", headers=header)
    absent = await service.client.delete(f"{IDENTITIES}/other", headers=header)

    assert (last.status_code, last.json()["code"]) == (409, "last_way_in")
    assert (absent.status_code, absent.json()["code"]) == (404, "identity_not_found")


async def test_a_user_changes_from_one_provider_to_another(
    service: Service, stub: Stub, configure: Configure
) -> None:
    first = await signed_in_through(service, stub)
    other = type(ACME)(name="other", display_name="Other", identify=ACME.identify)
    configure(
        ACME, other, other_issuer=stub.url, other_client_id=CLIENT_ID, other_client_secret=SECRET
    )
    stub.claims["sub"] = stub.userinfo["sub"] = "known there as"
    await linked(service, stub, first["access_token"], "other")

    gone = await service.client.delete(
        f"{IDENTITIES}/{NAME}", headers=bearer(first["access_token"])
    )
    through_other = await signed_in_through(service, stub, "other")
    stub.claims["sub"] = stub.userinfo["sub"] = "the subject"

    assert gone.status_code == 204
    assert through_other["user_id"] == first["user_id"]
    assert await refused(service, stub) == "account_exists"


async def test_with_a_password_the_only_identity_may_go(service: Service, stub: Stub) -> None:
    user = await make_user(service, email=EMAIL)
    tokens = await signed_in(service, user)
    await linked(service, stub, tokens.access)

    gone = await service.client.delete(f"{IDENTITIES}/{NAME}", headers=tokens.header)

    assert gone.status_code == 204
    assert await refused(service, stub) == "account_exists"


async def test_only_who_was_invited_gets_in(
    service: Service, stub: Stub, configure: Configure
) -> None:
    configure(acme_first_login="invite")

    stranger = await refused(service, stub)
    user = await make_user(service, email=EMAIL, password_hash=None, email_verified=False)
    invited = await signed_in_through(service, stub)

    assert stranger == "not_invited"
    assert invited["user_id"] == str(user.id)
    assert (await stored(service, user)).email_verified


@pytest.mark.parametrize("facts", [{}, {"email_verified": False}, {"is_active": False}])
async def test_an_account_with_a_password_is_no_invitation(
    service: Service, stub: Stub, configure: Configure, facts: dict[str, Any]
) -> None:
    configure(acme_first_login="invite")
    await make_user(service, email=EMAIL, **facts)

    assert await refused(service, stub) == "account_exists"


async def test_an_account_that_somebody_entered_is_no_invitation(
    service: Service, stub: Stub, configure: Configure
) -> None:
    configure(acme_first_login="invite")
    await signed_in(service, await make_user(service, email=EMAIL, password_hash=None))

    assert await refused(service, stub) == "account_exists"


@pytest.mark.parametrize(
    ("email", "allowed"),
    [
        (EMAIL, True),
        ("ada@EXAMPLE.com", True),
        ("ada@example.com.evil.example", False),
        ("ada@evilexample.com", False),
        ("ada@sub.example.com", False),
    ],
)
async def test_only_addresses_of_the_allowed_domains_get_in(
    service: Service, stub: Stub, configure: Configure, email: str, allowed: bool
) -> None:
    configure(acme_allowed_domains="example.com, example.org")
    stub.claims["email"] = email

    answer = await Browser(service).login(stub)

    assert ("code" in answer) is allowed
    assert answer.get("error_description", "domain_not_allowed") == "domain_not_allowed"


async def test_the_domain_is_checked_at_every_login(
    service: Service, stub: Stub, configure: Configure
) -> None:
    await signed_in_through(service, stub)
    configure(acme_allowed_domains="example.org")

    assert await refused(service, stub) == "domain_not_allowed"


async def test_groups_become_roles_at_each_login_and_others_stay(
    service: Service, stub: Stub, configure: Configure
) -> None:
    await make_role(service, "editor")
    configure(
        acme_role_map="writers=editor,bosses=admin,ghosts=no-such-role", acme_role_claim="teams"
    )
    stub.userinfo["teams"] = ["writers", "bosses", "ghosts", 7, "others"]

    promoted = await roles_after_login(service, stub)
    stub.userinfo["teams"] = "writers"
    demoted = await roles_after_login(service, stub)
    del stub.userinfo["teams"]
    without = await roles_after_login(service, stub)

    assert promoted == ["admin", "editor", "member"]
    assert demoted == ["editor", "member"]
    assert without == ["member"]
    async with service.database.read() as session:
        assert await session.get(Role, "no-such-role") is None


async def roles_after_login(service: Service, stub: Stub) -> list[str]:
    tokens = await signed_in_through(service, stub)
    me = await service.client.get("/api/v1/users/me", headers=bearer(tokens["access_token"]))
    names: list[str] = me.json()["roles"]
    return names


async def test_the_events_tell_who_came_through_which_provider(
    service: Service, stub: Stub, security_events: list[SecurityEvent]
) -> None:
    user_id = (await signed_in_through(service, stub))["user_id"]

    told = {event.action: event for event in security_events}
    assert told["user.created"].target == f"user:{user_id}"
    assert told["identity.linked"].detail == {"provider": NAME}
    assert "access" not in str([event.detail for event in security_events])


async def test_a_taken_username_gets_a_suffix(service: Service, stub: Stub) -> None:
    await make_user(service, username="ada")

    username = (await signed_in_through(service, stub))["username"]

    assert username.startswith("ada-")
    assert len(username) == len("ada-") + 6
