"""One provider with its settings: where it sends a browser, and who came back from it."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import structlog
from authlib.integrations.base_client import OAuthError
from httpx2 import HTTPError
from joserfc.errors import JoseError

from app.features.federation.port import (
    AccountRefusedError,
    Claims,
    Identity,
    Provider,
    ProviderUnavailableError,
    RejectedError,
    Tokens,
)
from app.features.federation.protocol import http
from app.features.federation.protocol.answers import kind_of, merged_claims, parsed_tokens
from app.features.federation.protocol.client import PinnedApp
from app.features.federation.protocol.issuers import discovery_of
from app.features.federation.settings import ProviderSettings

log = structlog.get_logger("app.oauth")

HOSTILE = (
    *(JoseError, OAuthError, HTTPError),
    *(ValueError, TypeError, KeyError, AttributeError, RecursionError),
)
"""What authlib and joserfc raise for what is not as it should be."""

type Observe = Callable[[str, Mapping[str, Any]], None]
"""Hears of `tokens` and `claims` as they come in: `app oauth debug`, which hides the secrets."""

REPLACED = "the one before"
PROBE = "a-code-that-was-never-issued-and-is-long-enough"
REVOKED = "invalid_grant"
"""RFC 6749 section 5.2: the refresh token is expired, revoked, or its owner is no more."""
UNKNOWN_CLIENT = ("invalid_client", "unauthorized_client", "incorrect_client_credentials")
"""The last one is GitHub's."""


class ProviderConnection:
    def __init__(self, provider: Provider, settings: ProviderSettings) -> None:
        self.provider = provider
        self.settings = settings
        self.discovery = discovery_of(provider, settings)
        self._apps = self._made_of(settings.secrets)
        self._secret_in_use: str | None = None
        self._worked: PinnedApp | None = None
        self.observe: Observe = lambda step, facts: None

    def follow(self, secrets: Mapping[str, str | None]) -> None:
        """The one that worked before is tried last: the provider may not know a new one yet."""
        before = self._worked or next(iter(self._apps.values()))
        self._apps = self._made_of(secrets) | {REPLACED: before}
        self._secret_in_use = None

    async def authorization_url(
        self, callback_uri: str, *, state: str, nonce: str, verifier: str
    ) -> str:
        app = next(iter(self._apps.values()))
        answer: dict[str, str] = await app.create_authorization_url(
            callback_uri,
            state=state,
            code_verifier=verifier,
            **({"nonce": nonce} if self.provider.endpoints is None else {}),
            **self.provider.parameters,
        )
        return answer["url"]

    async def check_issuer(self, iss: str | None) -> None:
        """RFC 9207: an answer of another issuer is never followed by a request with its code."""
        metadata = await self.discovery.metadata()
        known = {metadata["issuer"], metadata.get("response_issuer", metadata["issuer"])}
        if self.settings.is_multi_tenant:
            known |= {self.settings.issuer.format(tenant=t) for t in self.settings.allowed_tenants}
        if iss is None and metadata["sends_iss"]:
            raise RejectedError("access_denied", "issuer_missing")
        if iss is not None and iss not in known:
            raise RejectedError("access_denied", "issuer_mismatch")

    async def identify(
        self, code: str, callback_uri: str, *, nonce: str, verifier: str
    ) -> Identity:
        """Raises RejectedError; nothing has been written by then."""
        try:
            token = await self.with_secret(
                lambda app: app.fetch_access_token(
                    callback_uri, grant_type="authorization_code", code=code, code_verifier=verifier
                )
            )
            tokens = parsed_tokens(token)
            self.observe("tokens", token)
            claims = await self._claims(token, tokens, nonce)
            self.observe("claims", claims)
            identity = self.provider.identify(claims)
        except HOSTILE as error:
            log.warning("oauth.answer_refused", provider=self.provider.name, error=kind_of(error))
            raise RejectedError("access_denied", "provider_answer_invalid") from None
        if not identity.subject:
            raise RejectedError("access_denied", "subject_missing")
        if self.settings.vouches_for(claims):
            identity = replace(identity, email_verified=identity.email is not None)
        if not self.settings.admits(identity):
            raise RejectedError("access_denied", "domain_not_allowed")
        return replace(identity, roles=self.settings.roles_of(claims), tokens=tokens)

    async def refresh(self, refresh_token: str) -> Tokens:
        """Raises RejectedError."""
        metadata = await self.discovery.metadata()

        async def refreshed(app: PinnedApp) -> Any:
            async with app._get_oauth_client(**metadata) as client:
                client.token = {"refresh_token": refresh_token}
                return await client.refresh_token(refresh_token=refresh_token)

        try:
            return parsed_tokens(await self.with_secret(refreshed))
        except HOSTILE as error:
            log.warning("oauth.refresh_refused", provider=self.provider.name, error=kind_of(error))
            if isinstance(error, OAuthError) and error.error == REVOKED:
                raise AccountRefusedError from None
            raise RejectedError("access_denied", "refresh_refused") from None

    async def knows(self, secret: str) -> bool:
        """Whether the provider takes the secret of this name: it then refuses only the code."""
        grant = {"grant_type": "authorization_code", "code": PROBE, "code_verifier": PROBE}
        try:
            await self._apps[secret].fetch_access_token("http://127.0.0.1/", **grant)
        except OAuthError as error:
            return bool(error.error not in UNKNOWN_CLIENT)
        except HOSTILE:
            raise ProviderUnavailableError("provider_answer_invalid") from None
        return True

    async def with_secret(self, call: Callable[[PinnedApp], Awaitable[Any]]) -> Any:
        """Tries the client's secrets in order: during a rotation the provider knows one of them."""
        refused = OAuthError(UNKNOWN_CLIENT[0])
        for name, app in self._in_turn():
            try:
                answer = await call(app)
            except OAuthError as error:
                if error.error not in UNKNOWN_CLIENT:
                    raise
                refused = error
            else:
                self._note(name, app)
                return answer
        raise refused

    def _in_turn(self) -> Iterator[tuple[str, PinnedApp]]:
        """The first once more at the end: it, or the provider, may have changed meanwhile."""
        yield from list(self._apps.items())
        if len(self._apps) > 1:
            yield next(iter(self._apps.items()))

    async def logout_url(self, id_token: str | None, parameters: dict[str, str]) -> str | None:
        """OpenID Connect RP-Initiated Logout 1.0."""
        if self.provider.endpoints is not None:
            return None
        endpoint = (await self.discovery.metadata()).get("end_session_endpoint")
        if endpoint is None:
            return None
        hint = {"id_token_hint": id_token} if id_token else {}
        query = urlencode({"client_id": self.settings.client_id, **hint, **parameters})
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{query}"

    async def _claims(self, token: Any, tokens: Tokens, nonce: str) -> Claims:
        if self.provider.endpoints is not None:
            issuer = self.settings.issuer
            return await self.provider.endpoints.claims(
                issuer, lambda url: http.get_json(url, tokens.access_token)
            )
        app = next(iter(self._apps.values()))
        claims = await app.verified_claims(token, nonce)
        endpoint = (await self.discovery.metadata()).get("userinfo_endpoint")
        if endpoint is None or not self.provider.has_userinfo:
            return claims
        return merged_claims(claims, await http.get_object(endpoint, tokens.access_token))

    def _made_of(self, secrets: Mapping[str, str | None]) -> dict[str, PinnedApp]:
        scope = " ".join(self.provider.scopes)
        return {
            name: PinnedApp(self.settings, secret, self.discovery, scope)
            for name, secret in secrets.items()
        }

    def _note(self, name: str, app: PinnedApp) -> None:
        self._worked = app
        if name and name != self._secret_in_use:
            self._secret_in_use = name
            log.info("oauth.secret_in_use", provider=self.provider.name, secret=name)
