"""Asks a provider for the account of a stored token, outside a login."""

from dataclasses import replace

import structlog

from app.features.federation.port import AccountRefusedError, Claims, Identity, RejectedError
from app.features.federation.protocol import http
from app.features.federation.protocol.answers import kind_of
from app.features.federation.protocol.connection import HOSTILE, ProviderConnection

log = structlog.get_logger("app.oauth")


async def profile(
    connection: ProviderConnection, issuer: str, subject: str, access_token: str
) -> Identity | None:
    """None where the provider tells nothing but at a login. Raises RejectedError."""
    provider, settings = connection.provider, connection.settings
    try:
        claims = await _told(connection, issuer, access_token)
        identity = provider.identify(claims) if claims is not None else None
    except http.TokenRefusedError:
        raise AccountRefusedError from None
    except HOSTILE as error:
        log.warning("oauth.answer_refused", provider=provider.name, error=kind_of(error))
        raise RejectedError("access_denied", "provider_answer_invalid") from None
    if claims is None or identity is None:
        return None
    if identity.subject != subject:
        raise RejectedError("access_denied", "userinfo_of_another_subject")
    # A provider that tells no groups here takes none away.
    is_told = settings.role_claim in claims
    return replace(identity, roles=settings.roles_of(claims) if is_told else None)


async def _told(connection: ProviderConnection, issuer: str, access_token: str) -> Claims | None:
    provider = connection.provider
    if provider.endpoints is not None:
        return await provider.endpoints.claims(issuer, lambda url: http.get_json(url, access_token))
    endpoint = (await connection.discovery.metadata()).get("userinfo_endpoint")
    if endpoint is None or not provider.has_userinfo:
        return None
    return {**await http.get_object(endpoint, access_token), "iss": issuer}
