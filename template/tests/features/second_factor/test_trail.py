"""What is told of a second factor and of its codes, and who may remove another's."""

from functools import partial

import pytest
from sqlalchemy import update

from app.core import registry
from app.core.database import WriteSession
from app.core.security.events import SecurityEvent
from app.features.mail.message import Mail
from app.features.mail.outbox import Outbox
from app.models.session import Session
from tests.features.second_factor.support import (
    AUTH,
    Authenticator,
    answer,
    challenged,
    protected_user,
)
from tests.support.events import recorded
from tests.support.factories import login, make_role, make_user, signed_in
from tests.support.service import Service, Start


def factor_events(events: list[SecurityEvent]) -> list[str]:
    return [event.action for event in events if event.action.startswith("factor.")]


async def test_each_change_is_an_event_and_no_code_is_in_it_or_in_a_log_line(
    start: Start, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    async with start(log_format="json", log_level="DEBUG") as service:
        events = recorded(service)
        protected = await protected_user(service)
        code, recovery, *_ = protected.authenticator.code(), *protected.recovery_codes
        for one in (code, recovery):
            await answer(service, await challenged(service, protected.user), one)
        await service.client.delete(f"{AUTH}/totp", headers=protected.tokens.header)
        told = capsysbinary.readouterr().out.decode() + str(events)

    assert factor_events(events) == [
        "factor.enabled",
        "factor.recovery_code_used",
        "factor.disabled",
    ]
    assert {"left": 9} in [event.detail for event in events]
    secrets = [protected.authenticator.secret, code, *protected.recovery_codes]
    assert [secret for secret in secrets if secret in told] == []


class Box:
    def __init__(self) -> None:
        self.mails: list[Mail] = []

    def post(self, session: WriteSession, mail: Mail) -> None:
        session.after_commit(partial(self.deliver, mail))

    async def deliver(self, mail: Mail) -> None:
        self.mails.append(mail)


async def test_the_owner_is_told_by_mail_of_each_change(own_service: Service) -> None:
    outbox = Box()
    registry.add(own_service.app, Outbox, outbox)
    protected = await protected_user(own_service)
    challenge = await challenged(own_service, protected.user)
    await answer(own_service, challenge, protected.recovery_codes[0])
    await own_service.client.delete(f"{AUTH}/totp", headers=protected.tokens.header)

    assert {mail.to for mail in outbox.mails} == {protected.user.email}
    assert [mail.subject for mail in outbox.mails] == [
        "A second factor protects your account",
        "A recovery code of your account was used",
        "The second factor of your account was removed",
    ]
    told = "".join(mail.text for mail in outbox.mails)
    assert protected.authenticator.secret not in told
    assert protected.recovery_codes[0] not in told


async def test_a_replacement_is_an_event_and_its_owner_is_told(own_service: Service) -> None:
    outbox = Box()
    registry.add(own_service.app, Outbox, outbox)
    events = recorded(own_service)
    owner = await protected_user(own_service)
    begun = await own_service.client.post(
        f"{AUTH}/totp/replace",
        json={"code": owner.authenticator.code()},
        headers=owner.tokens.header,
    )
    body = {"replacement": begun.json()["replacement"]}
    for code in ("wrong", Authenticator(begun.json()["secret"]).code()):
        await own_service.client.post(
            f"{AUTH}/totp/replace/confirm", json=body | {"code": code}, headers=owner.tokens.header
        )

    assert factor_events(events) == ["factor.enabled", "factor.replaced", "factor.replaced"]
    assert outbox.mails[-1].subject == "The authenticator of your account was replaced"
    assert begun.json()["secret"] not in outbox.mails[-1].text


async def test_a_refused_code_is_an_event(own_service: Service) -> None:
    protected = await protected_user(own_service)
    events = recorded(own_service)

    await answer(own_service, await challenged(own_service, protected.user), "wrong")

    assert [(event.outcome, event.detail) for event in events] == [
        ("failure", {"reason": "wrong_code"})
    ]


async def test_a_refused_confirmation_and_the_lock_it_ends_in_are_events(start: Start) -> None:
    async with start(login_failures_per_account=2) as service:
        tokens = await signed_in(service, await make_user(service))
        await service.client.post(f"{AUTH}/totp", headers=tokens.header)
        events = recorded(service)
        for code in ("wrong", "wrong", "right or wrong"):
            body = {"code": code}
            await service.client.post(f"{AUTH}/totp/confirm", json=body, headers=tokens.header)

    failures = sorted(event.action for event in events if event.outcome == "failure")
    assert failures == ["auth.lockout", "factor.enabled", "factor.enabled"]


async def test_an_administrator_removes_a_factor_that_was_lost(own_service: Service) -> None:
    service, events = own_service, recorded(own_service)
    protected = await protected_user(service)
    admin = await make_user(service, is_superuser=True)
    tokens = await signed_in(service, admin)
    path = f"/api/v1/users/{protected.user.id}/totp"

    first, second = [await service.client.delete(path, headers=tokens.header) for _ in range(2)]

    assert (first.status_code, second.status_code) == (204, 404)
    await login(service, protected.user)
    (removed,) = [event for event in events if event.action == "factor.disabled"]
    assert (removed.actor_id, removed.target) == (admin.id, f"user:{protected.user.id}")


async def test_administrators_cannot_remove_their_own_there(service: Service) -> None:
    admin = await protected_user(service, is_superuser=True)

    response = await service.client.delete(
        f"/api/v1/users/{admin.user.id}/totp", headers=admin.tokens.header
    )

    assert (response.status_code, response.json()["code"]) == (403, "own_factor")


async def test_a_factor_is_removed_by_nobody_with_fewer_rights_or_an_old_session(
    service: Service,
) -> None:
    protected = await protected_user(service, is_superuser=True)
    await make_role(service, "helpdesk", "users:manage")
    helper = await signed_in(service, await make_user(service, roles=("helpdesk",)))
    admin = await signed_in(service, await make_user(service, is_superuser=True))
    path = f"/api/v1/users/{protected.user.id}/totp"

    below = await service.client.delete(path, headers=helper.header)
    async with service.database.write() as session:
        await session.execute(update(Session).values(authenticated_at=None))
    late = await service.client.delete(path, headers=admin.header)

    assert (below.status_code, below.json()["code"]) == (403, "insufficient_rights")
    assert (late.status_code, late.json()["code"]) == (403, "reauth_required")
