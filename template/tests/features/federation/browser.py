"""A browser and a client application, as far as a federated login needs them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from httpx2 import ASGITransport, AsyncClient, Response

from tests.features.federation.pkce import PkceClient
from tests.features.federation.stub import Stub
from tests.support.service import Service

ORIGIN = "http://localhost"
LOGIN = "/api/v1/auth/login/{provider}"
CALLBACK = "/api/v1/auth/callback/{provider}"


@dataclass
class Browser:
    """Keeps cookies; a second one is another person's."""

    service: Service
    client: AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = ASGITransport(self.service.app, client=("127.0.0.1", 50_000))
        self.client = AsyncClient(transport=transport, base_url=ORIGIN)

    async def departs(self, application: PkceClient, provider: str) -> Response:
        query = {
            "redirect_uri": application.redirect_uri,
            "state": application.state,
            "code_challenge": application.challenge,
        }
        return await self.client.get(LOGIN.format(provider=provider), params=query)

    async def returns(self, provider: str, **answer: str) -> Response:
        return await self.client.get(CALLBACK.format(provider=provider), params=answer)

    async def login(
        self, stub: Stub, application: PkceClient | None = None, provider: str = "acme"
    ) -> dict[str, str]:
        """What the client's address is called with at the end."""
        application = application or PkceClient()
        away = await self.departs(application, provider)
        assert away.status_code == 307, away.text
        back = await self.returns(provider, **stub.authorized(away.headers["location"]))
        assert back.status_code == 303, back.text
        return landing(back, application)

    async def redeems(self, application: PkceClient, code: str) -> Response:
        return await self.client.post("/api/v1/auth/token", data=application.grant(code))


def landing(response: Response, application: PkceClient) -> dict[str, str]:
    location = response.headers["location"]
    assert location.startswith(f"{application.redirect_uri}?"), location
    query = dict(parse_qsl(urlsplit(location).query))
    assert query.pop("state") == application.state
    return query


async def signed_in_through(service: Service, stub: Stub, provider: str = "acme") -> dict[str, Any]:
    """The TokenResponse of a whole login."""
    application, browser = PkceClient(), Browser(service)
    answer = await browser.login(stub, application, provider)
    assert "code" in answer, answer
    response = await browser.redeems(application, answer["code"])
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    return body
