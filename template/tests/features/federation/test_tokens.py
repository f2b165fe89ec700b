"""What a provider issues to the service: encrypted, refreshed once, told to nobody."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app.core import registry
from app.core.http.errors import Conflict, NotFound, Unavailable
from app.core.settings import Settings
from app.features import federation
from app.features.encryption import Encryption
from app.features.encryption.columns import EncryptedColumns
from app.features.encryption.reencryption import Reencryption
from app.features.federation.models import ProviderToken
from app.features.federation.protocol.connection import ProviderConnection
from app.features.federation.protocol.flow import Flow
from app.features.federation.provider_tokens import TOKENS, ProviderTokens
from tests.features.federation.browser import signed_in_through
from tests.features.federation.conftest import ACME, NAME, Configure
from tests.features.federation.pkce import REDIRECT_URI
from tests.features.federation.stub import SECRET, Reply, Stub
from tests.support.factories import bearer
from tests.support.service import Service
from tests.support.time_travel import advance

LATER = timedelta(hours=2)


@pytest.fixture
async def user_id(service: Service, stub: Stub) -> UUID:
    return UUID((await signed_in_through(service, stub))["user_id"])


@pytest.fixture
def tokens(service: Service) -> ProviderTokens:
    return registry.get(service.app, ProviderTokens)


async def test_they_are_stored_encrypted(
    service: Service, user_id: UUID, tokens: ProviderTokens
) -> None:
    async with service.database.read() as session:
        rows = (await session.execute(text("SELECT * FROM provider_tokens"))).all()

    assert len(rows) == 1
    assert "access1" not in str(rows)
    assert "refresh1" not in str(rows)
    assert await tokens.access_token(user_id, NAME) == "access1"


async def test_twenty_callers_refresh_once(
    stub: Stub, user_id: UUID, tokens: ProviderTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance(monkeypatch, LATER)

    found = await asyncio.gather(*(tokens.access_token(user_id, NAME) for _ in range(20)))

    refreshes = [form for form in stub.forms if form["grant_type"] == "refresh_token"]
    assert [form["refresh_token"] for form in refreshes] == ["refresh1"]
    assert set(found) == {"access2"}


async def test_an_old_refresh_token_lives_on_where_no_new_one_comes(
    stub: Stub, user_id: UUID, tokens: ProviderTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.token["refresh_token"] = None

    for _ in range(2):
        advance(monkeypatch, LATER)
        await tokens.access_token(user_id, NAME)

    used = [form["refresh_token"] for form in stub.forms if "refresh_token" in form]
    assert used == ["refresh1", "refresh1"]


async def test_a_refused_refresh_asks_for_a_login_and_a_broken_one_to_wait(
    stub: Stub, user_id: UUID, tokens: ProviderTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance(monkeypatch, LATER)
    stub.paths["/token"] = lambda: Reply(b"", 500)
    with pytest.raises(Unavailable):
        await tokens.access_token(user_id, NAME)
    stub.paths["/token"] = lambda: Reply(b'{"error": "invalid_grant"}', 400)
    with pytest.raises(Conflict, match="login_required"):
        await tokens.access_token(user_id, NAME)
    del stub.paths["/token"]

    assert await tokens.access_token(user_id, NAME) == "access2"


async def test_one_without_a_refresh_token_ends(
    service: Service, stub: Stub, tokens: ProviderTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub.token["refresh_token"] = None
    user_id = UUID((await signed_in_through(service, stub))["user_id"])
    advance(monkeypatch, LATER)

    with pytest.raises(Conflict, match="login_required"):
        await tokens.access_token(user_id, NAME)
    with pytest.raises(NotFound):
        await tokens.access_token(user_id, "other")


async def test_a_row_moved_to_another_identity_opens_nothing(
    service: Service, user_id: UUID, tokens: ProviderTokens
) -> None:
    async with service.database.write() as session:
        row = await session.scalar(select(ProviderToken))
        assert row is not None
        row.sealed = registry.get(service.app, Encryption).encrypt(
            "provider-token/of another", "{}"
        )

    with pytest.raises(Conflict, match="login_required"):
        await tokens.access_token(user_id, NAME)


async def test_logout_ends_the_session_here_and_names_the_providers(
    service: Service, stub: Stub
) -> None:
    tokens = await signed_in_through(service, stub)
    header = bearer(tokens["access_token"])
    path = f"/api/v1/auth/logout/{NAME}"

    wrong = {"post_logout_redirect_uri": "https://evil.example"}
    refused = await service.client.post(path, json=wrong, headers=header)
    right = {"post_logout_redirect_uri": REDIRECT_URI, "state": "s"}
    answer = await service.client.post(path, json=right, headers=header)
    me = await service.client.get("/api/v1/users/me", headers=header)

    assert (refused.status_code, refused.json()["code"]) == (400, "redirect_uri_not_allowed")
    url = answer.json()["logout_url"]
    assert url.startswith(f"{stub.url}/logout?client_id=")
    assert "id_token_hint=ey" in url
    assert "post_logout_redirect_uri=https%3A%2F%2Fapp.example.org%2Fsigned-in&state=s" in url
    assert me.status_code == 401


async def test_a_provider_without_a_logout_is_404(service: Service, stub: Stub) -> None:
    stub.metadata["end_session_endpoint"] = None
    tokens = await signed_in_through(service, stub)

    answer = await service.client.post(
        f"/api/v1/auth/logout/{NAME}", json={}, headers=bearer(tokens["access_token"])
    )

    assert (answer.status_code, answer.json()["code"]) == (404, "logout_not_offered")


@pytest.mark.parametrize("known", [["old"], ["old", SECRET], [SECRET]])
async def test_no_login_fails_while_the_secret_changes(
    service: Service, stub: Stub, configure: Configure, known: list[str]
) -> None:
    configure(acme_client_secret=SECRET, acme_client_secret_previous="old")
    stub.secrets = known

    assert await signed_in_through(service, stub)


async def test_no_login_fails_where_the_provider_changes_between_two_tries(
    service: Service, stub: Stub, configure: Configure
) -> None:
    configure(acme_client_secret=SECRET, acme_client_secret_previous="old")
    stub.secrets = ["old"]

    def changing() -> Reply:
        stub.secrets = [SECRET]
        del stub.paths["/token"]
        return Reply(b'{"error": "invalid_client"}', 401)

    stub.paths["/token"] = changing

    assert await signed_in_through(service, stub)
    assert stub.asked.count("/token") == 3


def connection_of(service: Service) -> ProviderConnection:
    return registry.get(service.app, Flow).connections[NAME]


async def test_no_login_fails_whose_secret_is_replaced_while_it_is_refused(
    service: Service, stub: Stub
) -> None:
    federation.connect(service.app, registry.get(service.app, Settings), [ACME])
    connection = connection_of(service)

    def changing() -> Reply:
        connection.follow({"ACME_CLIENT_SECRET": "new"})
        stub.secrets = ["new"]
        del stub.paths["/token"]
        return Reply(b'{"error": "invalid_client"}', 401)

    stub.paths["/token"] = changing

    assert await signed_in_through(service, stub)


async def test_a_secret_that_is_corrected_before_it_worked_drops_none_that_works(
    service: Service, stub: Stub
) -> None:
    federation.connect(service.app, registry.get(service.app, Settings), [ACME])
    connection = connection_of(service)
    assert await signed_in_through(service, stub)

    for secret in ("with a typo", "corrected"):
        connection.follow({"ACME_CLIENT_SECRET": secret})

    assert await signed_in_through(service, stub)
    stub.secrets = ["corrected"]
    assert await signed_in_through(service, stub)


async def test_secrets_that_the_provider_does_not_know_end_the_login(
    service: Service, stub: Stub
) -> None:
    stub.secrets = ["another"]

    with pytest.raises(AssertionError, match="provider_answer_invalid"):
        await signed_in_through(service, stub)


async def test_after_reencryption_the_old_key_may_go(
    service: Service, user_id: UUID, tokens: ProviderTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    encryption = registry.get(service.app, Encryption)
    old, new = encryption.keys(), [b"n" * 32]
    monkeypatch.setattr(encryption, "keys", lambda: [*new, *old])
    reencryption = Reencryption(service.database, encryption)

    counts = [[page.renewed async for page in reencryption.run(TOKENS)] for _ in range(2)]
    monkeypatch.setattr(encryption, "keys", lambda: new)

    assert counts == [[1], [0]]
    assert TOKENS in registry.get(service.app, EncryptedColumns)
    assert await tokens.access_token(user_id, NAME) == "access1"


async def test_a_token_that_is_refreshed_meanwhile_keeps_what_is_newer(
    service: Service, user_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    encryption = registry.get(service.app, Encryption)
    old = encryption.keys()
    reencryption = Reencryption(service.database, encryption)
    page = await reencryption._page(TOKENS, None)
    newer = encryption.encrypt(TOKENS.purpose(page[0][0]), "refreshed since")
    async with service.database.write() as session:
        row = await session.get(ProviderToken, page[0][0])
        assert row is not None
        row.sealed = newer
    monkeypatch.setattr(encryption, "keys", lambda: [b"n" * 32, *old])

    async with service.database.write() as session:
        renewed = await reencryption._renewed(session, TOKENS, *page[0])
        row = await session.get(ProviderToken, page[0][0])

    assert renewed is False
    assert row is not None
    assert row.sealed == newer


async def test_what_an_old_key_encrypted_takes_the_new_one_when_it_is_used(
    service: Service, user_id: UUID, tokens: ProviderTokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    encryption = registry.get(service.app, Encryption)
    before = encryption.keys()
    monkeypatch.setattr(encryption, "keys", lambda: [b"n" * 32, *before])

    rotated = await tokens.access_token(user_id, NAME)
    monkeypatch.setattr(encryption, "keys", lambda: [b"n" * 32])

    assert rotated == await tokens.access_token(user_id, NAME) == "access1"
