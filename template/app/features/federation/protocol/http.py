"""Requests to a provider, bounded as a whole: in time, drip by drip, and in bytes."""

import asyncio
import json
import ssl
from functools import lru_cache
from typing import Any

from authlib.integrations.httpx_client import AsyncOAuth2Client
from httpx2 import HTTPError, InvalidURL, Request, Response, create_ssl_context

from app.features.federation.port import ProviderUnavailableError

MAX_SECONDS = 4.0
MAX_BYTES = 1_048_576
HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class BoundedClient(AsyncOAuth2Client):  # type: ignore[misc]  # authlib carries no types
    """No redirect is followed: a provider that moves is configured anew."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, verify=_ssl_context(), timeout=MAX_SECONDS, **options)
        self.headers.update(HEADERS)

    async def send(self, request: Request, **options: Any) -> Response:
        """Raises ProviderUnavailableError for whatever is not an answer in time."""
        try:
            async with asyncio.timeout(MAX_SECONDS):
                response = await super().send(request, **{**options, "stream": True})
                try:
                    return await _whole(response, request)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise ProviderUnavailableError("provider_timed_out") from None
        except (HTTPError, InvalidURL, OSError) as error:
            raise ProviderUnavailableError("provider_unreachable") from error


class TokenRefusedError(ProviderUnavailableError):
    """The provider does not take the access token."""


async def get_json(url: str, access_token: str | None = None) -> Any:
    """Raises ProviderUnavailableError for another status than 200, and for what is not JSON."""
    headers = {"Authorization": f"Bearer {access_token}"} if access_token else None
    async with BoundedClient() as client:
        response = await client.request("GET", url, withhold_token=True, headers=headers)
    if response.status_code == 401 and access_token:
        raise TokenRefusedError("provider_answered_an_error")
    if response.status_code != 200:
        raise ProviderUnavailableError("provider_answered_an_error")
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        raise ProviderUnavailableError("provider_answered_no_json") from None


async def get_object(url: str, access_token: str | None = None) -> dict[str, Any]:
    answer = await get_json(url, access_token)
    if not isinstance(answer, dict):
        raise ProviderUnavailableError("provider_answered_no_object")
    return answer


async def _whole(response: Response, request: Request) -> Response:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ProviderUnavailableError("provider_answered_compressed")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ProviderUnavailableError("provider_answered_too_much")
    if response.is_redirect or response.is_server_error:
        raise ProviderUnavailableError("provider_answered_an_error")
    return Response(
        response.status_code, headers=response.headers, content=bytes(body), request=request
    )


@lru_cache
def _ssl_context() -> ssl.SSLContext:
    """Made once: it reads the machine's certificates."""
    return create_ssl_context()
