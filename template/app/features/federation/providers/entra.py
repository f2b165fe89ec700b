"""Microsoft Entra ID: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference

`sub` differs from application to application and `email` may be anything that a tenant's
administrator typed in: somebody is known by tenant and object id.
"""

from app.features.federation.port import Claims, Identity, Provider, text


def identify(claims: Claims) -> Identity:
    """`xms_edov` says that the domain of the address belongs to the tenant."""
    return Identity(
        issuer=claims["iss"],
        subject=text(claims, "oid") or "",
        email=text(claims, "email"),
        email_verified=claims.get("xms_edov") is True,
        full_name=text(claims, "name"),
        username=text(claims, "preferred_username"),
    )


PROVIDER = Provider(
    name="entra",
    display_name="Microsoft",
    issuer="https://login.microsoftonline.com/{tenant}/v2.0",
    identify=identify,
    scopes=("openid", "profile", "email", "offline_access"),
    has_userinfo=False,
)
