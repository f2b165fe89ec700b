"""GitHub: OAuth 2.0 without OpenID, so that its API is asked who somebody is.

https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
https://docs.github.com/apps/github-authentication-discovery-endpoints tells its issuer. Identities
are kept under GITHUB_ISSUER all the same: they were there before it was told.
"""

from typing import Any

from app.features.federation.port import Claims, Endpoints, Fetch, Identity, Provider, text

ISSUER = "https://github.com"
API = "https://api.github.com"


async def claims(issuer: str, fetch: Fetch) -> Claims:
    user = await fetch(f"{api(issuer)}/user")
    emails = await fetch(f"{api(issuer)}/user/emails")
    return {**user, "iss": issuer, "email": _verified_primary(emails)}


def api(issuer: str) -> str:
    """An enterprise server has its API below its own address."""
    return API if issuer == ISSUER else f"{issuer}/api/v3"


def identify(claims: Claims) -> Identity:
    """By the numeric id: a login name can be given up and taken by somebody else."""
    number = claims["id"]
    is_number = isinstance(number, int) and not isinstance(number, bool)
    return Identity(
        issuer=claims["iss"],
        subject=str(number) if is_number else "",
        email=text(claims, "email"),
        email_verified=claims["email"] is not None,
        full_name=text(claims, "name"),
        username=text(claims, "login"),
    )


def _verified_primary(emails: Any) -> str | None:
    for entry in emails:
        if entry.get("primary") is True and entry.get("verified") is True:
            return text(entry, "email")
    return None


PROVIDER = Provider(
    name="github",
    display_name="GitHub",
    issuer=ISSUER,
    identify=identify,
    scopes=("read:user", "user:email"),
    endpoints=Endpoints(
        authorization="/login/oauth/authorize",
        token="/login/oauth/access_token",
        claims=claims,
        response_issuer="/login/oauth",
    ),
)
