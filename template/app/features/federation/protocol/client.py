"""authlib, with its defaults that accept too much closed: metadata, algorithms, claims, leeway."""

from collections.abc import Mapping
from typing import Any

from authlib.integrations.base_client import BaseApp
from authlib.integrations.base_client.async_app import AsyncOAuth2Mixin
from authlib.integrations.base_client.async_openid import AsyncOpenIDMixin

from app.features.federation.port import Claims, RejectedError
from app.features.federation.protocol.discovery import Discovery
from app.features.federation.protocol.http import BoundedClient
from app.features.federation.settings import ANY_TENANT, TENANT_ID, ProviderSettings

LEEWAY_SECONDS = 30
MAX_ID_TOKEN_LENGTH = 65_536


class PinnedApp(AsyncOAuth2Mixin, AsyncOpenIDMixin, BaseApp):  # type: ignore[misc]  # authlib carries no types
    client_cls = BoundedClient

    def __init__(
        self, settings: ProviderSettings, secret: str | None, discovery: Discovery, scope: str
    ) -> None:
        options = {"scope": scope, "code_challenge_method": "S256"}
        super().__init__(None, client_id=settings.client_id, client_secret=secret)
        self.client_kwargs = options
        self._settings = settings
        self._discovery = discovery

    async def load_server_metadata(self) -> dict[str, Any]:
        return await self._discovery.metadata()

    async def fetch_jwk_set(self, force: bool = False) -> dict[str, Any]:
        return await self._discovery.keys(unknown_kid=force)

    def _get_oauth_client(self, **metadata: Any) -> BoundedClient:
        method = "client_secret_post" if metadata.get("posts_secret") else "client_secret_basic"
        return BoundedClient(
            self.client_id,
            self.client_secret,
            token_endpoint_auth_method=method if self.client_secret else "none",
            token_endpoint=metadata["token_endpoint"],
            **self.client_kwargs,
        )

    async def verified_claims(self, token: Mapping[str, Any], nonce: str) -> Claims:
        """Raises RejectedError and whatever authlib and joserfc raise for a hostile token."""
        id_token = token.get("id_token")
        if not isinstance(id_token, str) or len(id_token) > MAX_ID_TOKEN_LENGTH:
            raise RejectedError("access_denied", "id_token_missing")
        metadata = await self.load_server_metadata()
        claims: Claims = await self.parse_id_token(
            token,
            nonce,
            claims_options=self._claims_options(metadata["issuer"]),
            leeway=LEEWAY_SECONDS,
        )
        return claims

    def _claims_options(self, issuer: str) -> dict[str, Any]:
        """Built anew for each call: authlib takes the hooks out of what it is given."""
        issued_by: dict[str, Any] = {"essential": True, "value": issuer}
        if self._settings.is_multi_tenant:
            issued_by = {"essential": True, "validate": self._is_of_an_allowed_tenant}
        return {
            "iss": issued_by,
            "sub": {"essential": True},
            "aud": {"essential": True, "value": self.client_id},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True},
        }

    def _is_of_an_allowed_tenant(self, claims: Claims, issuer: Any) -> bool:
        tenant = claims.get("tid")
        if not isinstance(tenant, str) or not TENANT_ID.fullmatch(tenant):
            return False
        allowed = self._settings.allowed_tenants
        is_allowed = tenant in allowed or ANY_TENANT in allowed
        return is_allowed and issuer == self._settings.issuer.format(tenant=tenant)
