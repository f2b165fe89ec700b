"""Whose X-Forwarded-For is believed: nobody's, unless TRUSTED_PROXIES names them."""

from collections.abc import Iterator

from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.core.config import CommaList
from app.core.config import Settings
from app.core.config import SettingsGroup

NONE = ["none"]


class ProxySettings(SettingsGroup):
    trusted_proxies: CommaList | None = None
    """Addresses or networks in CIDR form; `none` says that there is no proxy."""

    def problems(self) -> Iterator[str]:
        if self.trusted_proxies is None:
            yield (
                "TRUSTED_PROXIES: say which proxies stand in front, or `none`; "
                "unset, all users behind a proxy would count as one"
            )


def install(app: FastAPI, settings: Settings) -> None:
    trusted = settings.group(ProxySettings).trusted_proxies
    if trusted and trusted != NONE:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)
