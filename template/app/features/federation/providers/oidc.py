"""Any OpenID provider: OIDC_ISSUER says which."""

from app.features.federation.port import Provider, openid_identity

PROVIDER = Provider(name="oidc", display_name="Single sign-on", identify=openid_identity)
