"""Okta: OKTA_ISSUER is the organisation, or an authorization server of it."""

from app.features.federation.port import Provider, openid_identity

PROVIDER = Provider(
    name="okta",
    display_name="Okta",
    identify=openid_identity,
    scopes=("openid", "profile", "email", "offline_access"),
)
