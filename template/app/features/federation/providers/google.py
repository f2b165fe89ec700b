"""Google: https://developers.google.com/identity/openid-connect/openid-connect"""

from dataclasses import replace

from app.features.federation.port import Claims, Identity, Provider, openid_identity, text


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
