"""API keys: made, listed and revoked by their owner, whose rights they never exceed."""

import hashlib
import re
import secrets
from typing import Any
from uuid import UUID

from app.core.database import WriteSession
from app.core.http.errors import Conflict, Forbidden, NotFound
from app.core.security import events
from app.core.security.principal import Principal
from app.features.api_keys.models import ApiKey
from app.features.api_keys.repository import ApiKeyRepository
from app.features.api_keys.schemas import ApiKeyCreate, ApiKeyCreated, ApiKeyResponse

PREFIX = "ak_"
PREFIX_BYTES = 4
SECRET_BYTES = 32
SHAPE = re.compile(r"ak_[0-9a-f]{8}_[A-Za-z0-9_-]{43}")
MAX_KEYS = 100


class ApiKeyService:
    """Acts for one principal inside the transaction of its request."""

    def __init__(self, session: WriteSession, actor: Principal) -> None:
        self._session = session
        self._keys = ApiKeyRepository(session)
        self._actor = actor

    async def create(self, body: ApiKeyCreate) -> ApiKeyCreated:
        """Raises Forbidden for a scope that the actor lacks, Conflict for a key too many."""
        if not all(self._actor.may(scope) for scope in body.scopes):
            raise Forbidden("insufficient_rights", "This concerns rights that you do not hold.")
        if await self._keys.count(self._actor.id) >= MAX_KEYS:
            raise Conflict("too_many_api_keys", f"An account has at most {MAX_KEYS} keys.")
        prefix = f"{PREFIX}{secrets.token_hex(PREFIX_BYTES)}"
        key = f"{prefix}_{secrets.token_urlsafe(SECRET_BYTES)}"
        row = await self._keys.add(
            ApiKey(
                user_id=self._actor.id,
                name=body.name,
                prefix=prefix,
                key_hash=digest(key),
                scopes=sorted(set(body.scopes)),
                expires_at=body.expires_at,
            )
        )
        self._record("api_key.created", row.id, prefix, scopes=row.scopes)
        shown = ApiKeyResponse.model_validate(row)
        return ApiKeyCreated(**shown.model_dump(), key=key)

    async def revoke(self, key_id: UUID) -> None:
        """Raises NotFound for another user's key as for one that is no more."""
        prefix = await self._keys.revoke(key_id, self._actor.id)
        if prefix is None:
            raise NotFound("api_key_not_found", "There is no such key.")
        self._record("api_key.revoked", key_id, prefix)

    def _record(self, action: str, key_id: UUID, prefix: str, **detail: Any) -> None:
        events.record(
            self._session,
            action,
            actor_id=self._actor.id,
            target=f"api_key:{key_id}",
            prefix=prefix,
            **detail,
        )


def is_api_key(token: str) -> bool:
    return SHAPE.fullmatch(token) is not None


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
