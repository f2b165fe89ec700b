"""What a provider publishes about itself: checked as it comes in, kept while it is down."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog

from app.core import clock
from app.features.federation.port import ProviderUnavailableError
from app.features.federation.protocol import http
from app.features.federation.settings import LOOPBACK

log = structlog.get_logger("app.oauth")

FRESH = timedelta(hours=1)
MAX_AGE = timedelta(hours=24)
RETRY_AFTER = timedelta(seconds=30)
REFETCHES = 2
REFETCH_WINDOW = timedelta(minutes=1)

ALGORITHMS = ("RS256", "ES256", "PS256", "RS384", "RS512", "ES384", "ES512", "EdDSA")
ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL_ENDPOINTS = ("userinfo_endpoint", "end_session_endpoint")
KEY_MEMBERS = ("kty", "kid", "use", "alg", "n", "e", "crv", "x", "y")
MAX_KEYS = 100
MAX_MEMBER_LENGTH = 2_000

type Document = dict[str, Any]


class StaleCache:
    """One document: fresh for an hour, served for a day while its provider cannot be asked."""

    def __init__(self, fetch: Callable[[], Awaitable[Document]]) -> None:
        self._fetch = fetch
        self._lock = asyncio.Lock()
        self._value: Document | None = None
        self._fetched_at = self._failed_at = datetime.min.replace(tzinfo=clock.now().tzinfo)

    async def get(self, *, force: bool = False) -> Document:
        """Raises ProviderUnavailableError where there is nothing that could be served."""
        asked_at = clock.now()
        value = self._usable(asked_at)
        if value is not None and not force and self._may_wait(asked_at):
            return value
        async with self._lock:
            if self._failed_at >= asked_at and value is None:
                raise ProviderUnavailableError("provider_unreachable")
            if self._value is not None and self._fetched_at >= asked_at:
                return self._value
            return await self._fetched()

    async def _fetched(self) -> Document:
        try:
            self._value = await self._fetch()
        except ProviderUnavailableError as error:
            self._failed_at = clock.now()
            value = self._usable(self._failed_at)
            log.warning("oauth.provider_unavailable", reason=error.reason, served=value is not None)
            if value is None:
                raise
            return value
        self._fetched_at = clock.now()
        return self._value

    def _usable(self, now: datetime) -> Document | None:
        return self._value if now - self._fetched_at < MAX_AGE else None

    def _may_wait(self, now: datetime) -> bool:
        """Fresh, being fetched by somebody else, or tried in vain a moment ago."""
        is_fresh = now - self._fetched_at < FRESH
        return is_fresh or self._lock.locked() or now - self._failed_at < RETRY_AFTER


class Discovery:
    def __init__(self, url: str, issuer: str) -> None:
        """`issuer` is what the document has to say, to the letter."""
        self._url = f"{url.rstrip('/')}/.well-known/openid-configuration"
        self._issuer = issuer
        self._metadata = StaleCache(self._fetch_metadata)
        self._keys = StaleCache(self._fetch_keys)
        self._refetched: deque[datetime] = deque(maxlen=REFETCHES)

    async def metadata(self) -> Document:
        return await self._metadata.get()

    async def keys(self, *, unknown_kid: bool = False) -> Document:
        """Unknown kids fetch the keys anew, at most twice a minute, whoever sends them."""
        return await self._keys.get(force=unknown_kid and self._may_refetch())

    def _may_refetch(self) -> bool:
        now = clock.now()
        if len(self._refetched) == REFETCHES and now - self._refetched[0] < REFETCH_WINDOW:
            return False
        self._refetched.append(now)
        return True

    async def _fetch_metadata(self) -> Document:
        published = await http.get_object(self._url)
        if published.get("issuer") != self._issuer:
            raise ProviderUnavailableError("metadata_of_another_issuer")
        return _metadata(published)

    async def _fetch_keys(self) -> Document:
        published = await http.get_object((await self.metadata())["jwks_uri"])
        listed = published.get("keys")
        if not isinstance(listed, list) or len(listed) > MAX_KEYS:
            raise ProviderUnavailableError("keys_malformed")
        keys = [key for key in map(_public_key, listed) if key is not None]
        if not keys:
            raise ProviderUnavailableError("keys_malformed")
        return {"keys": keys}


def _metadata(published: Document) -> Document:
    """The known members only: authlib takes the others as options of its HTTP client."""
    kept: Document = {"issuer": published["issuer"]}
    for name in (*ENDPOINTS, *OPTIONAL_ENDPOINTS):
        url = published.get(name)
        if url is None and name in OPTIONAL_ENDPOINTS:
            continue
        if not _is_protected(url):
            raise ProviderUnavailableError("metadata_malformed")
        kept[name] = url
    offered = _strings(published.get("id_token_signing_alg_values_supported")) or ["RS256"]
    algorithms = [algorithm for algorithm in ALGORITHMS if algorithm in offered]
    if not algorithms:
        raise ProviderUnavailableError("metadata_malformed")
    kept["id_token_signing_alg_values_supported"] = algorithms
    kept["sends_iss"] = published.get("authorization_response_iss_parameter_supported") is True
    methods = _strings(published.get("token_endpoint_auth_methods_supported"))
    kept["posts_secret"] = "client_secret_post" in methods and "client_secret_basic" not in methods
    return kept


def _is_protected(url: Any) -> bool:
    if not isinstance(url, str):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_https = parts.scheme == "https" and bool(parts.hostname)
    return is_https or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _public_key(listed: Any) -> Document | None:
    """None for a key that signs nothing here: a symmetric one, one for encryption, a giant."""
    if not isinstance(listed, dict) or listed.get("use", "sig") != "sig":
        return None
    key = {name: listed[name] for name in KEY_MEMBERS if name in listed}
    if key.get("kty") not in ("RSA", "EC", "OKP"):
        return None
    fits = all(isinstance(part, str) and len(part) <= MAX_MEMBER_LENGTH for part in key.values())
    return key if fits else None


def _strings(value: Any) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
