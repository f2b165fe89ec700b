"""Whose X-Forwarded-For is believed: nobody's, unless TRUSTED_PROXIES names them."""

from collections.abc import Iterator
from ipaddress import ip_network

from fastapi import FastAPI
from pydantic import field_validator
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.core.settings import CommaList, Settings, SettingsGroup

NONE = ["none"]


class ProxySettings(SettingsGroup):
    trusted_proxies: CommaList | None = None
    """Addresses or networks in CIDR form; `none` says that there is no proxy."""

    @field_validator("trusted_proxies")
    @classmethod
    def _each_is_a_network(cls, listed: list[str] | None) -> list[str] | None:
        for entry in listed or []:
            if listed != NONE:
                _require_network(entry)
        return listed

    def problems(self) -> Iterator[str]:
        if self.trusted_proxies is None:
            yield (
                "TRUSTED_PROXIES: say which proxies stand in front, or `none`; "
                "unset, all users behind a proxy would count as one"
            )


def _require_network(entry: str) -> None:
    try:
        ip_network(entry)
    except ValueError:
        raise ValueError(f"{entry!r} is neither an address nor a network, as 10.0.0.0/8") from None


def install(app: FastAPI, settings: Settings) -> None:
    trusted = settings.group(ProxySettings).trusted_proxies
    if trusted and trusted != NONE:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)
