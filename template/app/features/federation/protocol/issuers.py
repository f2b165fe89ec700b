"""Where a provider publishes itself, and what it must call itself there."""

from app.features.federation.port import Provider
from app.features.federation.protocol.discovery import Discovery, Document
from app.features.federation.settings import TENANT_ID, ProviderSettings


def discovery_of(provider: Provider, settings: ProviderSettings) -> Discovery:
    issuer = settings.issuer.rstrip("/") if provider.endpoints else settings.issuer
    if provider.endpoints is not None:
        return FixedDiscovery(provider, issuer)
    if not settings.is_multi_tenant:
        return Discovery(issuer, issuer)
    # The shared tenants publish a template in place of an issuer.
    one = settings.tenant if TENANT_ID.fullmatch(settings.tenant) else "{tenantid}"
    return Discovery(issuer.format(tenant=settings.tenant), issuer.format(tenant=one))


class FixedDiscovery(Discovery):
    """Of a provider that publishes nothing."""

    def __init__(self, provider: Provider, issuer: str) -> None:
        super().__init__(issuer, issuer)
        assert provider.endpoints is not None  # noqa: S101
        self._document: Document = {
            "issuer": issuer,
            "authorization_endpoint": issuer + provider.endpoints.authorization,
            "token_endpoint": issuer + provider.endpoints.token,
            "sends_iss": False,
            "response_issuer": issuer + provider.endpoints.response_issuer,
            "posts_secret": True,
        }

    async def metadata(self) -> Document:
        return self._document
