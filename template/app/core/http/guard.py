"""What the head of a request decides: which hosts are served, whose word on the client is believed.

The HTTP parser lets a missing Host, two Hosts and headers of any size through.
"""

from collections.abc import Iterator
from http import HTTPStatus
from ipaddress import ip_network
from urllib.parse import unquote_to_bytes

from fastapi import FastAPI
from pydantic import Field, field_validator
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.core.http.errors import problem
from app.core.settings import CommaList, Settings, SettingsGroup

PROBES = frozenset(
    {"/health", "/api/v1/health/liveness", "/api/v1/health/readiness", "/metrics"},
)
"""Probes send the address of the pod as Host, and are answered under any load."""
MAX_TARGET_BYTES = 8192
MAX_HEADER_BYTES = 32_768
ACCEPTABLE = ("*/*", "application/*", "application/json", "application/problem+json")
NO_PROXY = ["none"]

type Refusal = tuple[HTTPStatus, str, str]


class GuardSettings(SettingsGroup):
    trusted_hosts: CommaList = Field(default_factory=list)
    """Exact names, or `*.example.org`; empty accepts every Host outside production."""
    trusted_proxies: CommaList | None = None
    """Addresses or networks in CIDR form; `none` says that there is no proxy."""

    @field_validator("trusted_proxies")
    @classmethod
    def _each_is_a_network(cls, listed: list[str] | None) -> list[str] | None:
        for entry in listed or []:
            try:
                if listed != NO_PROXY:
                    ip_network(entry)
            except ValueError:
                raise ValueError(
                    f"{entry!r} is neither an address nor a network, as 10.0.0.0/8"
                ) from None
        return listed

    def problems(self) -> Iterator[str]:
        if not self.trusted_hosts or "*" in self.trusted_hosts:
            yield "TRUSTED_HOSTS: production needs the host names it is served under"
        if self.trusted_proxies is None:
            yield (
                "TRUSTED_PROXIES: say which proxies stand in front, or `none`; "
                "unset, all users behind a proxy would count as one"
            )


def install(app: FastAPI, settings: Settings) -> None:
    app.add_middleware(Guard, trusted_hosts=settings.group(GuardSettings).trusted_hosts)


def believe_proxies(app: FastAPI, settings: Settings) -> None:
    """X-Forwarded-For of nobody, unless TRUSTED_PROXIES names them. Before all other middleware."""
    trusted = settings.group(GuardSettings).trusted_proxies
    if trusted and trusted != NO_PROXY:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=trusted)


class Guard:
    def __init__(self, app: ASGIApp, *, trusted_hosts: list[str]) -> None:
        self.app = app
        self.trusted_hosts = [host.lower() for host in trusted_hosts]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self.app(scope, receive, send)
        else:
            await problem(scope, *refusal)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Refusal | None:
        hosts, accepts, header_bytes = [], [], 0
        for name, value in scope["headers"]:
            header_bytes += len(name) + len(value)
            if name == b"host":
                hosts.append(value)
            elif name == b"accept":
                accepts.append(value)
        path, query = scope["path"], scope["query_string"]
        if header_bytes > MAX_HEADER_BYTES:
            detail = f"The headers may take {MAX_HEADER_BYTES} bytes."
            return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", detail
        if len(scope.get("raw_path") or b"") + len(query) > MAX_TARGET_BYTES:
            detail = f"Path and query may take {MAX_TARGET_BYTES} bytes."
            return HTTPStatus.REQUEST_URI_TOO_LONG, "uri_too_long", detail
        if len(hosts) != 1 or not self._serves(hosts[0], path):
            return HTTPStatus.BAD_REQUEST, "invalid_host", "The Host header is not served here."
        if b"&" in query and _repeats_a_name(query):
            detail = "A query parameter may be given once; a list is one value with commas."
            return HTTPStatus.BAD_REQUEST, "parameter_repeated", detail
        if accepts and path.startswith("/api/") and not _accepts_json(accepts):
            return HTTPStatus.NOT_ACCEPTABLE, "not_acceptable", "Answers here are JSON."
        return None

    def _serves(self, host: bytes, path: str) -> bool:
        if not self.trusted_hosts or path in PROBES:
            return True
        name = _without_port(host.decode("latin-1")).lower()
        return any(
            name == trusted or (trusted.startswith("*.") and name.endswith(trusted[1:]))
            for trusted in self.trusted_hosts
        )


def _repeats_a_name(query: bytes) -> bool:
    """Two parts of a system that read different ones of two values can be played off each other."""
    names = [unquote_to_bytes(part.partition(b"=")[0]) for part in query.split(b"&") if part]
    return len(names) != len(set(names))


def _without_port(host: str) -> str:
    if host.startswith("["):  # an IPv6 address keeps its brackets
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]


def _accepts_json(values: list[bytes]) -> bool:
    for item in b",".join(values).decode("latin-1").split(","):
        kind, _, parameters = item.partition(";")
        refused = parameters.replace(" ", "").startswith(("q=0", "Q=0")) and not any(
            digit in parameters for digit in "123456789"
        )
        if kind.strip().lower() in ACCEPTABLE and not refused:
            return True
    return False
