"""Secret Manager by its documented HTTP: a token of the metadata server, the latest version."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.core.settings import ConfigurationError, Settings
from tests.features.secrets.backends import rotation
from tests.features.secrets.backends.loopback import Answer, Asked, Loopback, loopback

READ = "/v1/projects/billing-42/secrets/billing/versions/latest:access"
TOKEN = "/computeMetadata/v1/instance/service-accounts/default/token"


class GoogleCloud:
    """The metadata server and Secret Manager, as they are documented."""

    def __init__(self) -> None:
        self.payload = b"{}"
        self.tokens = {"given"}
        self.lasts: Any = 3599
        self.put(rotation.values())

    def put(self, values: dict[str, str]) -> None:
        self.payload = json.dumps(values).encode()

    def answer(self, asked: Asked) -> Answer:
        if asked.path == TOKEN:
            return self._issued(asked)
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or token not in self.tokens:
            return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
        if asked.path != READ:
            return 404, {"error": {"code": 404, "status": "NOT_FOUND"}}
        data = base64.b64encode(self.payload).decode()
        return 200, {"name": READ, "payload": {"data": data, "dataCrc32c": "1"}}

    def _issued(self, asked: Asked) -> Answer:
        if asked.headers.get("metadata-flavor") != "Google":
            return 403, b"Missing Metadata-Flavor:Google header."
        token = f"ya29.{len(self.tokens)}"
        self.tokens.add(token)
        return 200, {"access_token": token, "expires_in": self.lasts, "token_type": "Bearer"}


@pytest.fixture
def cloud() -> GoogleCloud:
    return GoogleCloud()


@pytest.fixture
def server(cloud: GoogleCloud) -> Iterator[Loopback]:
    with loopback(cloud.answer) as server:
        yield server


@pytest.fixture
def settings(server: Loopback) -> dict[str, Any]:
    return {
        "secrets_backend": "gcp",
        "gcp_project": "billing-42",
        "gcp_secret": "billing",
        "gcp_metadata_url": server.url,
        "gcp_secret_manager_url": server.url,
    }


async def test_it_is_followed_and_outlived(
    cloud: GoogleCloud,
    server: Loopback,
    settings: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await rotation.is_followed_and_outlived(cloud.put, server.end, monkeypatch, **settings)


def test_one_token_serves_until_shortly_before_its_end(
    server: Loopback, settings: dict[str, Any]
) -> None:
    Settings(env_file=None, **settings).find()

    assert [asked.path for asked in server.asked] == [TOKEN, READ, READ]


@pytest.mark.parametrize("lasts", [30, None, "soon"])
def test_one_that_ends_soon_is_replaced(
    cloud: GoogleCloud, server: Loopback, settings: dict[str, Any], lasts: Any
) -> None:
    cloud.lasts = lasts
    Settings(env_file=None, **settings).find()

    assert [asked.path for asked in server.asked] == [TOKEN, READ] * 2


def test_one_that_is_refused_is_replaced(
    cloud: GoogleCloud, server: Loopback, settings: dict[str, Any]
) -> None:
    started = Settings(env_file=None, **settings)
    cloud.tokens.clear()

    assert started.find()


def test_a_given_token_is_used(server: Loopback, settings: dict[str, Any]) -> None:
    assert rotation.read(**settings, gcp_access_token="given")
    assert {asked.path for asked in server.asked} == {READ}


def test_it_is_not_asked_where_it_is_off(server: Loopback, settings: dict[str, Any]) -> None:
    assert rotation.read(**settings | {"secrets_backend": "env"}) == {}
    assert server.asked == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"gcp_access_token": "wrong"}, "Secret Manager answered 401"),
        ({"gcp_secret": "nowhere"}, "Secret Manager answered 404"),
        ({"gcp_secret_manager_url": "http://127.0.0.1:1"}, "Secret Manager cannot be reached"),
        ({"gcp_metadata_url": "http://127.0.0.1:1"}, "the metadata server cannot be reached"),
        ({"gcp_project": None}, "GCP_PROJECT"),
    ],
)
def test_the_start_is_refused_with_a_sentence(
    settings: dict[str, Any], changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        rotation.read(**settings | changed)


def test_data_that_is_not_encoded_is_refused(server: Loopback, settings: dict[str, Any]) -> None:
    server.answer = lambda _: (200, {"payload": {"data": "hidden!"}})

    with pytest.raises(ConfigurationError, match="not base64") as caught:
        rotation.read(**settings, gcp_access_token="given")

    assert "hidden" not in str(caught.value)


def test_a_version_that_is_not_json_is_refused(
    cloud: GoogleCloud, settings: dict[str, Any]
) -> None:
    cloud.payload = b"hidden"

    with pytest.raises(ConfigurationError, match="is not JSON") as caught:
        rotation.read(**settings)

    assert "hidden" not in str(caught.value)
