"""Google: https://developers.google.com/identity/openid-connect/openid-connect"""

from dataclasses import replace

from app.core.federation import Claims
from app.core.federation import Identity
from app.core.federation import Provider
from app.core.federation import openid_identity
from app.core.federation import text


def identify(claims: Claims) -> Identity:
    """`hd` is the Workspace domain; without it GOOGLE_ALLOWED_DOMAINS would admit a personal
    account that was once made with an address of the domain.
    """
    return replace(openid_identity(claims), hosted_domain=text(claims, "hd") or "")


PROVIDER = Provider(
    name="google",
    display_name="Google",
    issuer="https://accounts.google.com",
    identify=identify,
    parameters={"access_type": "offline"},
)
