"""Vault by its HTTP API: a token or a Kubernetes account, read anew, refused with a sentence."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.core.settings import ConfigurationError, Settings
from app.features.secrets.backends.vault import VaultSettings
from tests.features.secrets.backends import rotation
from tests.features.secrets.backends.loopback import Answer, Asked, Loopback, loopback
from tests.support.service import SECRET_KEY

TOKEN = "hvs.CAESIJ1qvN4"
READ = "/v1/secret/data/billing/production"
LOGIN = "/v1/auth/kubernetes/login"


class Vault:
    """As the documentation describes a key-value engine of version 2."""

    def __init__(self) -> None:
        self.values: Any = rotation.values()
        self.tokens = {TOKEN}
        self.lease_seconds = 3600

    def put(self, values: dict[str, str]) -> None:
        self.values = values

    def answer(self, asked: Asked) -> Answer:
        if asked.path == LOGIN:
            return self._logged_in(json.loads(asked.body))
        if asked.headers.get("x-vault-token") not in self.tokens:
            return 403, {"errors": ["permission denied"]}
        if asked.path != READ:
            return 404, {"errors": []}
        return 200, {"data": {"data": self.values, "metadata": {"version": 3}}}

    def _logged_in(self, body: dict[str, str]) -> Answer:
        if body != {"role": "billing", "jwt": "the account"}:
            return 403, {"errors": ["permission denied"]}
        issued = f"hvs.{len(self.tokens)}"
        self.tokens.add(issued)
        return 200, {"auth": {"client_token": issued, "lease_duration": self.lease_seconds}}


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def server(vault: Vault) -> Iterator[Loopback]:
    with loopback(vault.answer) as server:
        yield server


@pytest.fixture
def settings(server: Loopback) -> dict[str, Any]:
    return {
        "secrets_backend": "vault",
        "vault_addr": server.url,
        "vault_path": "billing/production",
        "vault_token": TOKEN,
    }


@pytest.fixture
def as_account(settings: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "account"
    path.write_text("the account\n")
    account = {"vault_kubernetes_role": "billing", "vault_kubernetes_token_file": path}
    return settings | {"vault_token": None} | account


async def test_it_is_followed_and_outlived(
    vault: Vault, server: Loopback, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await rotation.is_followed_and_outlived(vault.put, server.end, monkeypatch, **settings)


def test_it_is_asked_in_its_namespace(server: Loopback, settings: dict[str, Any]) -> None:
    found = rotation.read(**settings, vault_namespace="team")

    assert found == {name.lower(): value for name, value in rotation.values().items()}
    assert server.asked[0].headers["x-vault-namespace"] == "team"
    assert server.asked[0].headers["x-vault-request"] == "true"


def test_a_kubernetes_account_logs_in_once(server: Loopback, as_account: dict[str, Any]) -> None:
    settings = Settings(env_file=None, **as_account)
    settings.find()

    assert [asked.path for asked in server.asked] == [LOGIN, READ, READ]


def test_a_token_that_was_revoked_is_replaced(
    vault: Vault, server: Loopback, as_account: dict[str, Any]
) -> None:
    settings = Settings(env_file=None, **as_account)
    vault.tokens.clear()

    assert settings.find()
    assert [asked.path for asked in server.asked] == [LOGIN, READ, READ, LOGIN, READ]


def test_a_token_that_ends_is_replaced_before(
    vault: Vault, server: Loopback, as_account: dict[str, Any]
) -> None:
    vault.lease_seconds = 30
    settings = Settings(env_file=None, **as_account)
    settings.find()

    assert [asked.path for asked in server.asked] == [LOGIN, READ] * 2


def test_a_token_in_a_mounted_file_may_change(
    vault: Vault, settings: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "vault_token").write_text(TOKEN)
    del settings["vault_token"]
    started = Settings(env_file=None, secrets_dir=tmp_path, **settings)
    vault.tokens = {"another"}
    (tmp_path / "vault_token").write_text("another")

    found = started.find()

    assert found["vault_token"] == "another"
    assert found["secret_key"] == SECRET_KEY


def test_a_mounted_file_wins(settings: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "monitoring_token").write_text("mounted")

    assert rotation.read(**settings, secrets_dir=tmp_path)["monitoring_token"] == "mounted"


def test_it_is_not_asked_where_it_is_off(server: Loopback, settings: dict[str, Any]) -> None:
    assert rotation.read(**settings | {"secrets_backend": "env"}) == {}
    assert server.asked == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"vault_token": "wrong"}, "Vault answered 403"),
        ({"vault_path": "nowhere"}, "Vault answered 404"),
        ({"vault_addr": "http://127.0.0.1:1"}, "Vault cannot be reached"),
        ({"vault_addr": None}, "VAULT_ADDR"),
        ({"vault_token": None}, "VAULT_TOKEN or VAULT_KUBERNETES_ROLE"),
        ({"vault_token": None, "vault_kubernetes_role": "billing"}, "cannot be read"),
    ],
)
def test_the_start_is_refused_with_a_sentence(
    settings: dict[str, Any], changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        rotation.read(**settings | changed)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"hidden", "Vault did not answer with JSON"),
        (["hidden"], "Vault did not answer with an object"),
        ({"data": {"hidden": 1}}, "Vault answered without data.data"),
        ({"data": {"data": ["hidden"]}}, "is not a JSON object of settings by name"),
        ({"data": {"data": {"A": {"hidden": 1}}}}, "holds A, which is not a text"),
    ],
)
def test_an_answer_that_is_no_set_of_settings_is_not_shown(
    server: Loopback, settings: dict[str, Any], body: Any, words: str
) -> None:
    server.answer = lambda _: (200, body)

    with pytest.raises(ConfigurationError, match=words) as caught:
        rotation.read(**settings)

    assert "hidden" not in str(caught.value)


def test_a_wrong_account_is_refused(as_account: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="Vault answered 403"):
        rotation.read(**as_account | {"vault_kubernetes_role": "another"})


def test_a_new_token_that_is_refused_too_ends_it(
    vault: Vault, server: Loopback, as_account: dict[str, Any]
) -> None:
    settings = Settings(env_file=None, **as_account)
    server.answer = lambda asked: (
        vault.answer(asked) if asked.path == LOGIN else (403, {"errors": []})
    )

    with pytest.raises(ConfigurationError, match="Vault answered 403"):
        settings.find()


def test_a_number_is_a_value_too(vault: Vault, settings: dict[str, Any]) -> None:
    vault.values = {"DATABASE_POOL_SIZE": 5, "METRICS_ENABLED": True}

    found = rotation.read(**settings)

    assert found == {"database_pool_size": "5", "metrics_enabled": "true"}


def test_production_asks_it_over_tls() -> None:
    values: dict[str, Any] = {"secrets_backend": "vault", "vault_token": TOKEN}
    remote = VaultSettings(_env_file=None, **values, vault_addr="http://vault.example.org")
    agent = VaultSettings(_env_file=None, **values, vault_addr="http://127.0.0.1:8200")

    assert list(remote.problems()) == ["VAULT_ADDR: production needs an https URL"]
    assert list(agent.problems()) == []
