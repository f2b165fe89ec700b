"""The cookie that binds a login under way to its browser: each has its own, so two tabs work."""

from fastapi import Request, Response

from app.core.settings import SettingsGroup, settings_of
from app.features.federation.port import Departure

SECURE_PREFIX = "__Host-login-"
LOOPBACK_PREFIX = "login-"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MAX_AGE_SECONDS = 600
MAX_CARRIED = 10
"""Logins begun and never finished; more would fill the header of every request."""


class CallbackSettings(SettingsGroup):
    oauth_callback_base_url: str | None = None
    """Where providers send browsers back to; by default the address that the browser used."""


def callback_uri(request: Request, provider: str) -> str:
    """As it is registered at the provider."""
    base = settings_of(request).group(CallbackSettings).oauth_callback_base_url
    return f"{(base or str(request.base_url)).rstrip('/')}/api/v1/auth/callback/{provider}"


def carried(request: Request) -> dict[str, str]:
    """The secrets of the logins that this browser has under way."""
    prefix = _prefix(request)
    return {
        name.removeprefix(prefix): secret
        for name, secret in request.cookies.items()
        if name.startswith(prefix)
    }


def remember(request: Request, response: Response, departure: Departure) -> None:
    under_way = carried(request)
    if len(under_way) >= MAX_CARRIED:
        for name in under_way:
            forget(request, response, name)
    response.set_cookie(
        f"{_prefix(request)}{departure.cookie}",
        departure.secret,
        max_age=MAX_AGE_SECONDS,
        secure=not _is_plain_loopback(request),
        httponly=True,
        samesite="lax",
    )


def forget(request: Request, response: Response, name: str) -> None:
    secure = not _is_plain_loopback(request)
    response.delete_cookie(
        f"{_prefix(request)}{name}", secure=secure, httponly=True, samesite="lax"
    )


def _prefix(request: Request) -> str:
    return LOOPBACK_PREFIX if _is_plain_loopback(request) else SECURE_PREFIX


def _is_plain_loopback(request: Request) -> bool:
    return request.url.scheme == "http" and request.url.hostname in LOOPBACK
