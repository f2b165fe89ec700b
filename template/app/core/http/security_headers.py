"""Response headers of OWASP's secure headers project, on every status."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.settings import Settings, SettingsGroup

type RawHeader = tuple[bytes, bytes]

ALWAYS: tuple[RawHeader, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
CONTENT_SECURITY_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; frame-ancestors 'none'",
)
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=63072000; includeSubDomains")
NO_STORE = (b"cache-control", b"no-store")


class SecurityHeadersSettings(SettingsGroup):
    security_headers_enabled: bool = True
    """Whether answers carry any of them."""
    security_csp_enabled: bool = True
    """Whether Content-Security-Policy is one of them."""
    security_hsts_enabled: bool | None = None
    """Whether Strict-Transport-Security is; in production unless it is said."""


def install(app: FastAPI, settings: Settings) -> None:
    group = settings.group(SecurityHeadersSettings)
    if not group.security_headers_enabled:
        return
    headers = list(ALWAYS)
    if group.security_csp_enabled:
        headers.append(CONTENT_SECURITY_POLICY)
    hsts = group.security_hsts_enabled
    if hsts or (hsts is None and settings.runtime.is_production):
        headers.append(STRICT_TRANSPORT)
    app.add_middleware(SecurityHeaders, headers=headers)


class SecurityHeaders:
    """Adds what the response does not bring itself; an authenticated answer is never stored."""

    def __init__(self, app: ASGIApp, *, headers: list[RawHeader]) -> None:
        self.app = app
        self.headers = headers
        self.names = {name for name, _ in (*headers, NO_STORE)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        authenticated = any(name == b"authorization" for name, _ in scope["headers"])
        wanted = [*self.headers, NO_STORE] if authenticated else self.headers

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = message.get("headers", ())
                present = {name for name, _ in own}
                added = wanted
                if not present.isdisjoint(self.names):
                    added = [header for header in wanted if header[0] not in present]
                message["headers"] = [*own, *added]
            await send(message)

        await self.app(scope, receive, send_with_headers)
