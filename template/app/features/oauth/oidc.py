"""Any OpenID provider: OIDC_ISSUER says which."""

from app.core.federation import Provider
from app.core.federation import openid_identity

PROVIDER = Provider(name="oidc", display_name="Single sign-on", identify=openid_identity)
