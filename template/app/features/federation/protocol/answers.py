"""What a provider answered, taken apart with suspicion."""

from datetime import timedelta
from typing import Any

from authlib.integrations.base_client import OAuthError

from app.core import clock
from app.features.federation.port import Claims, RejectedError, Tokens
from app.features.federation.protocol.discovery import Document

MAX_TOKEN_LENGTH = 65_536


def parsed_tokens(token: Any) -> Tokens:
    access_token = token["access_token"]
    if not isinstance(access_token, str) or not 0 < len(access_token) <= MAX_TOKEN_LENGTH:
        raise ValueError("access_token")
    if not access_token.isascii() or not access_token.isprintable():
        raise ValueError("access_token")
    lifetime = token.get("expires_in")
    is_number = isinstance(lifetime, int) and 0 < lifetime < 10**9
    return Tokens(
        access_token,
        refresh_token=_text(token.get("refresh_token")),
        id_token=_text(token.get("id_token")),
        expires_at=clock.now() + timedelta(seconds=lifetime) if is_number else None,
    )


def _text(value: Any) -> str | None:
    is_text = isinstance(value, str) and 0 < len(value) <= MAX_TOKEN_LENGTH and value.isascii()
    return value if is_text else None


def merged_claims(claims: Claims, userinfo: Document) -> Claims:
    """The signed claims win; `email` and `email_verified` are always of one source."""
    if userinfo.get("sub") != claims["sub"]:
        raise RejectedError("access_denied", "userinfo_of_another_subject")
    merged = {**userinfo, **claims}
    if "email" in claims and "email_verified" not in claims:
        same = userinfo.get("email") == claims["email"]
        merged["email_verified"] = same and userinfo.get("email_verified")
    return merged


def kind_of(error: Exception) -> str:
    """The class, and the word of RFC 6749 where the provider sent one; never its free text."""
    word = error.error if isinstance(error, OAuthError) else ""
    is_word = isinstance(word, str) and word.replace("_", "").isalpha() and len(word) < 64
    return f"{type(error).__name__} {word}" if word and is_word else type(error).__name__
