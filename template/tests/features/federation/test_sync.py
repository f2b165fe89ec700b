"""Accounts follow their providers without a login, page by page."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import clock, registry
from app.core.security.events import SecurityEvent
from app.features.federation.models import FederatedIdentity, ProviderToken
from app.features.federation.port import Federation, Tokens
from app.features.federation.provider_tokens import ProviderTokens
from app.features.federation.sync import PAGE, MostAreRefusedError, ProviderSync
from app.models.session import Session
from app.models.user import User
from tests.features.federation.browser import signed_in_through
from tests.features.federation.conftest import NAME, Configure
from tests.features.federation.stub import Reply, Stub
from tests.support.events import actions
from tests.support.factories import make_role, make_user, signed_in
from tests.support.service import Service

REVOKED = b'{"error": "invalid_grant"}'


def sync_of(service: Service) -> ProviderSync:
    tokens, federation = (
        registry.get(service.app, ProviderTokens),
        registry.get(service.app, Federation),
    )
    return ProviderSync(service.database, tokens, federation)


async def synced(service: Service, after: UUID | None = None) -> int:
    """How many pages there were."""
    sync, pages = sync_of(service), 0
    while asked := await sync.ask(after):
        async with service.database.write() as session:
            await sync.write(session, asked)
        after, pages = asked[-1].identity.id, pages + 1
    return pages


async def linked(service: Service, stub: Stub, number: int, *, ends_in: timedelta) -> list[UUID]:
    """Users whose only way in is the provider, which knows all of them by one subject."""
    tokens = registry.get(service.app, ProviderTokens)
    users = []
    for index in range(number):
        user = await make_user(service, password_hash=None)
        issuer = stub.url if index == 0 else f"{stub.url}/{index}"
        identity = FederatedIdentity(
            user_id=user.id, provider=NAME, issuer=issuer, subject="the subject"
        )
        given = Tokens("access", refresh_token="refresh", expires_at=clock.now() + ends_in)
        async with service.database.write() as session:
            session.add(identity)
            await session.flush()
            await tokens.keep(session, identity.id, given)
        users.append(user.id)
    return users


async def user_of(service: Service, user_id: UUID) -> User:
    async with service.database.read() as session:
        return (await session.scalars(select(User).where(User.id == user_id))).one()


async def test_a_token_is_refreshed_before_it_ends(service: Service, stub: Stub) -> None:
    await linked(service, stub, 1, ends_in=timedelta(minutes=90))
    stub.token["expires_in"] = 24 * 3600

    assert await synced(service) == 1
    assert await synced(service) == 1

    refreshes = [form for form in stub.forms if form["grant_type"] == "refresh_token"]
    assert [form["refresh_token"] for form in refreshes] == ["refresh"]


async def test_roles_and_the_address_follow(
    service: Service, stub: Stub, configure: Configure, security_events: list[SecurityEvent]
) -> None:
    configure(acme_role_map="engineering=editor")
    await make_role(service, "editor", "users:read")
    (user_id,) = await linked(service, stub, 1, ends_in=timedelta(days=1))
    stub.userinfo |= {"groups": ["engineering"], "email": "new@example.com"}

    await synced(service)

    async with service.database.read() as session:
        identity = (await session.scalars(select(FederatedIdentity))).one()
    assert identity.email == "new@example.com"
    assert identity.user_id == user_id
    assert "user.role.changed" in actions(security_events)


async def test_a_provider_that_tells_no_groups_takes_no_role_away(
    service: Service, stub: Stub, configure: Configure, security_events: list[SecurityEvent]
) -> None:
    configure(acme_role_map="engineering=editor")
    await make_role(service, "editor", "users:read")
    stub.claims["groups"] = ["engineering"]
    tokens = await signed_in_through(service, stub)

    await synced(service)

    assert actions(security_events).count("user.role.changed") <= 1
    assert (await user_of(service, UUID(tokens["user_id"]))).is_active


@pytest.mark.parametrize("path", ["/token", "/userinfo"])
async def test_whom_the_provider_refuses_is_shut_out(
    service: Service, stub: Stub, path: str, security_events: list[SecurityEvent]
) -> None:
    ends_in = timedelta(minutes=1) if path == "/token" else timedelta(days=1)
    (user_id,) = await linked(service, stub, 1, ends_in=ends_in)
    await signed_in(service, await user_of(service, user_id))
    stub.paths[path] = lambda: Reply(REVOKED, 400 if path == "/token" else 401)

    await synced(service)

    async with service.database.read() as session:
        live = select(Session).where(Session.user_id == user_id, Session.ended_at.is_(None))
        assert (await session.scalars(live)).all() == []
        assert (await session.scalars(select(ProviderToken))).all() == []
    last = security_events[-1]
    assert (last.action, last.target) == ("user.deactivated", f"user:{user_id}")
    assert not (await user_of(service, user_id)).is_active


async def test_who_has_a_password_too_only_loses_the_sessions(service: Service, stub: Stub) -> None:
    (user_id,) = await linked(service, stub, 1, ends_in=timedelta(minutes=1))
    async with service.database.write() as session:
        user = await session.get(User, user_id)
        assert user is not None
        user.password_hash = "of another way in"
    stub.paths["/token"] = lambda: Reply(REVOKED, 400)

    await synced(service)

    assert (await user_of(service, user_id)).is_active


async def test_a_provider_that_is_away_changes_nothing(service: Service, stub: Stub) -> None:
    (user_id,) = await linked(service, stub, 1, ends_in=timedelta(minutes=1))
    stub.paths["/token"] = lambda: Reply(b"", 500)

    await synced(service)

    assert (await user_of(service, user_id)).is_active


async def test_a_client_that_is_unknown_shuts_nobody_out(service: Service, stub: Stub) -> None:
    (user_id,) = await linked(service, stub, 1, ends_in=timedelta(minutes=1))
    stub.secrets.clear()

    await synced(service)

    assert (await user_of(service, user_id)).is_active


async def test_a_provider_that_refuses_most_shuts_nobody_out(service: Service, stub: Stub) -> None:
    users = await linked(service, stub, 8, ends_in=timedelta(minutes=1))
    stub.paths["/token"] = lambda: Reply(REVOKED, 400)

    with pytest.raises(MostAreRefusedError, match="8 of 8"):
        await synced(service)

    assert all([(await user_of(service, user_id)).is_active for user_id in users])


@pytest.mark.slow
async def test_a_thousand_accounts_come_in_pages(service: Service, stub: Stub) -> None:
    await linked(service, stub, 1000, ends_in=timedelta(days=1))

    assert await synced(service) == 1000 // PAGE
