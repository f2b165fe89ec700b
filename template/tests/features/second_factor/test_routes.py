"""The second factor: enrolled, confirmed, asked for at login, and gone."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import delete, select

from app.core.security.lockout import CounterRow
from app.features.second_factor.models import RecoveryCode, TotpFactor
from tests.features.second_factor.support import (
    AUTH,
    Authenticator,
    answer,
    challenged,
    protected_user,
)
from tests.support.factories import PASSWORD, login, make_user, signed_in
from tests.support.service import SECRET_KEY, Service, Start
from tests.support.time_travel import advance


async def test_enrolment_shows_the_secret_once_and_asks_for_nothing_yet(service: Service) -> None:
    user = await make_user(service)
    tokens = await login(service, user)

    response = await service.client.post(f"{AUTH}/totp", headers=tokens.header)

    body = response.json()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert body["otpauth_uri"].startswith("otpauth://totp/")
    assert f"secret={body['secret']}" in body["otpauth_uri"]
    await login(service, user)


async def test_the_secret_is_stored_encrypted_and_recovery_codes_hashed(service: Service) -> None:
    protected = await protected_user(service)

    async with service.database.read() as session:
        factor = (await session.scalars(select(TotpFactor))).one()
        hashes = (await session.scalars(select(RecoveryCode.code_hash))).all()
    assert protected.authenticator.secret not in factor.secret
    assert len(set(protected.recovery_codes)) == len(hashes) == 10
    assert all(len(code.replace("-", "")) == 24 for code in protected.recovery_codes)
    assert not set(protected.recovery_codes) & set(hashes)


async def test_a_second_enrolment_replaces_a_pending_one(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service))
    first, second = [
        (await service.client.post(f"{AUTH}/totp", headers=tokens.header)).json()["secret"]
        for _ in range(2)
    ]

    answers = [
        await service.client.post(
            f"{AUTH}/totp/confirm",
            json={"code": Authenticator(secret).code()},
            headers=tokens.header,
        )
        for secret in (first, second)
    ]

    assert [answer.status_code for answer in answers] == [403, 200]
    assert answers[0].json()["code"] == "wrong_code"


async def test_an_active_factor_is_neither_replaced_nor_confirmed_again(service: Service) -> None:
    protected = await protected_user(service)
    header, code = protected.tokens.header, protected.authenticator.code()

    enrol = await service.client.post(f"{AUTH}/totp", headers=header)
    confirm = await service.client.post(f"{AUTH}/totp/confirm", json={"code": code}, headers=header)

    assert (enrol.status_code, enrol.json()["code"]) == (409, "totp_active")
    assert (confirm.status_code, confirm.json()["code"]) == (409, "totp_not_pending")


async def test_of_concurrent_confirmations_one_shows_recovery_codes(service: Service) -> None:
    tokens = await signed_in(service, await make_user(service))
    enrolled = await service.client.post(f"{AUTH}/totp", headers=tokens.header)
    code = Authenticator(enrolled.json()["secret"]).code()

    answers = await asyncio.gather(
        *(
            service.client.post(f"{AUTH}/totp/confirm", json={"code": code}, headers=tokens.header)
            for _ in range(4)
        )
    )

    assert sorted(answer.status_code for answer in answers)[0] == 200
    assert [answer.status_code for answer in answers].count(200) == 1
    async with service.database.read() as session:
        assert len((await session.scalars(select(RecoveryCode))).all()) == 10


async def test_a_right_password_opens_a_challenge_that_a_code_answers(service: Service) -> None:
    protected = await protected_user(service)

    refused = await service.client.post(
        f"{AUTH}/login", json={"username": protected.user.username, "password": PASSWORD}
    )
    response = await answer(service, refused.json()["challenge"], protected.authenticator.code())

    assert (refused.status_code, refused.json()["code"]) == (403, "mfa_required")
    assert "access_token" not in refused.json()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json()["user_id"] == str(protected.user.id)


async def test_a_wrong_password_does_not_tell_of_a_factor(service: Service) -> None:
    protected = await protected_user(service)

    response = await service.client.post(
        f"{AUTH}/login", json={"username": protected.user.username, "password": "wrong"}
    )

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert "challenge" not in response.json()


async def test_the_password_grant_cannot_go_around_the_factor(service: Service) -> None:
    protected = await protected_user(service)

    response = await service.client.post(
        f"{AUTH}/token",
        data={
            "grant_type": "password",
            "username": protected.user.username,
            "password": PASSWORD,
        },
    )

    body = response.json()
    assert response.status_code == 400
    assert (body["error"], body["code"]) == ("invalid_grant", "mfa_required")


@pytest.mark.parametrize(("steps", "status"), [(-2, 401), (0, 200), (1, 200), (2, 401)])
async def test_clocks_may_be_one_step_apart(service: Service, steps: int, status: int) -> None:
    protected = await protected_user(service)
    challenge = await challenged(service, protected.user)

    response = await answer(service, challenge, protected.authenticator.code(steps))

    assert response.status_code == status


async def test_a_code_works_once(service: Service) -> None:
    protected = await protected_user(service)
    code = protected.authenticator.code()

    first = await answer(service, await challenged(service, protected.user), code)
    second = await answer(service, await challenged(service, protected.user), code)

    assert first.status_code == 200
    assert (second.status_code, second.json()["code"]) == (401, "wrong_code")


async def test_a_code_before_the_last_accepted_one_is_refused(service: Service) -> None:
    protected = await protected_user(service)
    codes = [protected.authenticator.code(1), protected.authenticator.code(0)]

    answers = [
        await answer(service, await challenged(service, protected.user), code) for code in codes
    ]

    assert [response.status_code for response in answers] == [200, 401]


async def test_of_concurrent_uses_of_one_code_one_succeeds(service: Service) -> None:
    protected = await protected_user(service)
    challenges = [await challenged(service, protected.user) for _ in range(4)]
    code = protected.authenticator.code()

    answers = await asyncio.gather(*(answer(service, challenge, code) for challenge in challenges))

    assert sorted(response.status_code for response in answers) == [200, 401, 401, 401]


async def test_of_concurrent_uses_of_one_recovery_code_one_succeeds(service: Service) -> None:
    protected = await protected_user(service)
    challenges = [await challenged(service, protected.user) for _ in range(4)]
    code = protected.recovery_codes[0]

    answers = await asyncio.gather(*(answer(service, challenge, code) for challenge in challenges))

    assert sorted(response.status_code for response in answers) == [200, 401, 401, 401]


async def test_a_recovery_code_is_read_as_it_was_written_down(service: Service) -> None:
    protected = await protected_user(service)
    code = protected.recovery_codes[3].lower().replace("-", " ")

    first = await answer(service, await challenged(service, protected.user), code)
    second = await answer(service, await challenged(service, protected.user), code)

    assert (first.status_code, second.status_code) == (200, 401)


async def test_a_wrong_code_leaves_the_challenge_and_a_right_one_ends_it(service: Service) -> None:
    protected = await protected_user(service)
    challenge = await challenged(service, protected.user)

    answers = [
        await answer(service, challenge, code)
        for code in ("000000x", protected.authenticator.code(), protected.authenticator.code(1))
    ]

    assert [response.status_code for response in answers] == [401, 200, 401]
    assert answers[2].json()["code"] == "invalid_challenge"


async def test_a_challenge_takes_five_wrong_codes(service: Service) -> None:
    protected = await protected_user(service)
    challenge = await challenged(service, protected.user)

    codes = [(await answer(service, challenge, "wrong")).json()["code"] for _ in range(6)]

    assert codes == ["wrong_code"] * 5 + ["invalid_challenge"]


async def test_wrong_codes_lock_the_account_although_the_password_is_right(
    service: Service,
) -> None:
    """A right password between them resets nothing, or codes could be guessed for ever."""
    protected = await protected_user(service)
    for _ in range(2):
        challenge = await challenged(service, protected.user)
        for _ in range(5):
            await answer(service, challenge, "wrong")

    response = await service.client.post(
        f"{AUTH}/login", json={"username": protected.user.username, "password": PASSWORD}
    )

    assert (response.status_code, response.json()["code"]) == (429, "too_many_attempts")


async def test_a_lock_leaves_the_challenge_for_when_it_is_over(start: Start) -> None:
    async with start(login_failures_per_account=1) as service:
        protected = await protected_user(service)
        first, second = [await challenged(service, protected.user) for _ in range(2)]
        await answer(service, first, "wrong")

        locked = await answer(service, second, protected.authenticator.code())
        async with service.database.write() as session:
            await session.execute(delete(CounterRow))
        afterwards = await answer(service, second, protected.authenticator.code())

    assert (locked.status_code, afterwards.status_code) == (429, 200)


async def test_an_open_challenge_is_locked_too(service: Service) -> None:
    protected = await protected_user(service)
    challenges = [await challenged(service, protected.user) for _ in range(3)]
    for challenge in challenges[:2]:
        for _ in range(5):
            await answer(service, challenge, "wrong")

    response = await answer(service, challenges[2], protected.authenticator.code())

    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("change", [{"is_active": False}, {"password_hash": None}])
async def test_a_challenge_dies_with_the_password_and_the_account(
    service: Service, change: dict[str, object]
) -> None:
    protected = await protected_user(service)
    challenge = await challenged(service, protected.user)
    async with service.database.write() as session:
        user = await session.get(type(protected.user), protected.user.id)
        assert user is not None
        for name, value in change.items():
            setattr(user, name, value)

    response = await answer(service, challenge, protected.authenticator.code())

    assert (response.status_code, response.json()["code"]) == (401, "invalid_challenge")


async def test_a_challenge_lives_five_minutes_whatever_was_tried(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    protected = await protected_user(service)
    challenge = await challenged(service, protected.user)
    advance(monkeypatch, timedelta(minutes=4))
    assert (await answer(service, challenge, "wrong")).json()["code"] == "wrong_code"
    advance(monkeypatch, timedelta(minutes=1))

    response = await answer(service, challenge, protected.authenticator.code())

    assert response.json()["code"] == "invalid_challenge"


async def test_a_token_of_another_kind_is_no_challenge_and_a_challenge_no_token(
    service: Service,
) -> None:
    protected = await protected_user(service)
    challenge = await challenged(service, protected.user)

    for token in (protected.tokens.access, protected.tokens.refresh):
        response = await answer(service, token, protected.authenticator.code())
        assert response.json()["code"] == "invalid_challenge"

    as_bearer = {"Authorization": f"Bearer {challenge}"}
    me = await service.client.get("/api/v1/users/me", headers=as_bearer)
    refresh = await service.client.post(f"{AUTH}/refresh", json={"refresh_token": challenge})
    assert (me.status_code, refresh.status_code) == (401, 400)


async def test_without_the_factor_a_password_is_enough_again(service: Service) -> None:
    protected = await protected_user(service)

    response = await service.client.delete(f"{AUTH}/totp", headers=protected.tokens.header)
    again = await service.client.delete(f"{AUTH}/totp", headers=protected.tokens.header)

    assert response.status_code == 204
    assert (again.status_code, again.json()["code"]) == (404, "totp_not_enrolled")
    await login(service, protected.user)
    async with service.database.read() as session:
        assert (await session.scalars(select(RecoveryCode))).all() == []


async def test_the_secret_outlives_a_rotation_of_the_key_and_takes_the_new_one(
    start: Start,
) -> None:
    new, newer = SECRET_KEY[::-1], SECRET_KEY[7:] + SECRET_KEY[:7]
    async with start() as service:
        protected = await protected_user(service)

    async with start(secret_key=new, secret_key_previous=SECRET_KEY) as service:
        challenge = await challenged(service, protected.user)
        used = await answer(service, challenge, protected.authenticator.code())
    async with start(secret_key=newer, secret_key_previous=new) as service:
        challenge = await challenged(service, protected.user)
        renewed = await answer(service, challenge, protected.authenticator.code(1))

    assert (used.status_code, renewed.status_code) == (200, 200)


async def test_a_recovery_code_works_where_the_key_of_the_secret_is_gone(start: Start) -> None:
    async with start() as service:
        protected = await protected_user(service)

    async with start(secret_key=SECRET_KEY[::-1]) as service:
        challenge = await challenged(service, protected.user)
        code = await answer(service, challenge, protected.authenticator.code())
        recovery = await answer(service, challenge, protected.recovery_codes[0])

    assert (code.status_code, recovery.status_code) == (401, 200)
