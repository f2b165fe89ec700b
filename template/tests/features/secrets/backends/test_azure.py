"""Key Vault by its documented HTTP: a managed identity or a federated account, latest version."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.core.settings import ConfigurationError, Settings
from tests.features.secrets.backends import rotation
from tests.features.secrets.backends.loopback import Answer, Asked, Loopback, loopback

READ = "/secrets/billing"
MANAGED = "/metadata/identity/oauth2/token"
FEDERATED = "/the-tenant/oauth2/v2.0/token"
RESOURCE = "https://vault.azure.net"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Azure:
    """The identity endpoints and Key Vault, as they are documented."""

    def __init__(self) -> None:
        self.value = json.dumps(rotation.values())
        self.tokens: set[str] = set()

    def put(self, values: dict[str, str]) -> None:
        self.value = json.dumps(values)

    def answer(self, asked: Asked) -> Answer:
        url = urlsplit(asked.path)
        query = parse_qs(url.query)
        if url.path == MANAGED:
            is_right = asked.headers.get("metadata") == "true" and query["resource"] == [RESOURCE]
            return self._issued("86399") if is_right else (400, {"error": "bad_request"})
        if url.path == FEDERATED:
            return self._issued(3599) if self._knows(asked) else (401, {"error": "invalid_client"})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return 401, {"error": {"code": "Unauthorized"}}
        if url.path != READ or query["api-version"] != ["7.4"]:
            return 404, {"error": {"code": "SecretNotFound"}}
        return 200, {"value": self.value, "id": f"{RESOURCE}{READ}/1", "attributes": {}}

    def _issued(self, lasts: Any) -> Answer:
        token = f"eyJ0{len(self.tokens)}"
        self.tokens.add(token)
        return 200, {"access_token": token, "expires_in": lasts, "token_type": "Bearer"}

    def _knows(self, asked: Asked) -> bool:
        return {name: values[0] for name, values in parse_qs(asked.body).items()} == {
            "grant_type": "client_credentials",
            "client_id": "the-client",
            "scope": f"{RESOURCE}/.default",
            "client_assertion_type": ASSERTION,
            "client_assertion": "the account",
        }


@pytest.fixture
def azure() -> Azure:
    return Azure()


@pytest.fixture
def server(azure: Azure) -> Iterator[Loopback]:
    with loopback(azure.answer) as server:
        yield server


@pytest.fixture
def settings(server: Loopback) -> dict[str, Any]:
    return {
        "secrets_backend": "azure",
        "azure_key_vault_url": server.url,
        "azure_secret_name": "billing",
        "azure_authority_host": f"{server.url}/",
        "azure_identity_url": server.url,
    }


@pytest.fixture
def federated(settings: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "account"
    path.write_text("the account\n")
    account = {"azure_client_id": "the-client", "azure_tenant_id": "the-tenant"}
    return settings | account | {"azure_federated_token_file": path}


def paths(server: Loopback) -> list[str]:
    return [urlsplit(asked.path).path for asked in server.asked]


async def test_it_is_followed_and_outlived(
    azure: Azure, server: Loopback, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await rotation.is_followed_and_outlived(azure.put, server.end, monkeypatch, **settings)


def test_a_managed_identity_is_asked_once(server: Loopback, settings: dict[str, Any]) -> None:
    Settings(env_file=None, **settings, azure_client_id="one-of-several").find()

    assert paths(server) == [MANAGED, READ, READ]
    assert "client_id=one-of-several" in server.asked[0].path


def test_a_federated_account_is_asked_once(server: Loopback, federated: dict[str, Any]) -> None:
    Settings(env_file=None, **federated).find()

    assert paths(server) == [FEDERATED, READ, READ]


def test_a_token_that_is_refused_is_replaced(azure: Azure, federated: dict[str, Any]) -> None:
    started = Settings(env_file=None, **federated)
    azure.tokens.clear()

    assert started.find()


def test_it_is_not_asked_where_it_is_off(server: Loopback, settings: dict[str, Any]) -> None:
    assert rotation.read(**settings | {"secrets_backend": "env"}) == {}
    assert server.asked == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"azure_secret_name": "nowhere"}, "Key Vault answered 404"),
        ({"azure_key_vault_url": "http://127.0.0.1:1"}, "Key Vault cannot be reached"),
        ({"azure_key_vault_url": None}, "AZURE_KEY_VAULT_URL"),
        ({"azure_client_id": None}, "AZURE_CLIENT_ID and AZURE_TENANT_ID"),
        ({"azure_client_id": "another"}, "Microsoft Entra answered 401"),
        ({"azure_federated_token_file": Path("/nowhere")}, "cannot be read"),
    ],
)
def test_the_start_is_refused_with_a_sentence(
    federated: dict[str, Any], changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        rotation.read(**federated | changed)


def test_a_machine_without_an_identity_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="the managed identity cannot be reached"):
        rotation.read(**settings | {"azure_identity_url": "http://127.0.0.1:1"})


def test_a_value_that_is_not_json_is_refused(azure: Azure, settings: dict[str, Any]) -> None:
    azure.value = "hidden"

    with pytest.raises(ConfigurationError, match="is not JSON") as caught:
        rotation.read(**settings)

    assert "hidden" not in str(caught.value)
