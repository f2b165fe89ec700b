"""Bounded pages: what a list endpoint takes and returns."""

from decimal import Decimal
from typing import Any

import orjson
from fastapi import Response
from pydantic import BaseModel, ConfigDict, Field

from app.core.exact_decimal import written

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_SKIP = 2**31 - 1


class PageQuery(BaseModel):
    """Query parameters of a list; a subclass adds its filters. An unknown name is refused."""

    model_config = ConfigDict(extra="forbid")

    skip: int = Field(0, ge=0, le=MAX_SKIP)
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)


class Page[Item](BaseModel):
    """What a list endpoint declares as `response_model`."""

    items: list[Item]
    total: int
    skip: int
    limit: int
    has_next: bool
    has_prev: bool
    page: int
    """Counted from 1."""
    total_pages: int


def _text(value: Any) -> str:
    """asyncpg has a UUID type of its own; a Decimal would be written with an exponent."""
    return written(value) if isinstance(value, Decimal) else str(value)


def page_response(items: list[dict[str, Any]], total: int, query: PageQuery) -> Response:
    """The JSON of `Page`, serialised once from what the database gave.

    FastAPI would validate and serialise every row again; a test compares the shape with the model.
    """
    page = {
        "items": items,
        "total": total,
        "skip": query.skip,
        "limit": query.limit,
        "has_next": query.skip + len(items) < total,
        "has_prev": query.skip > 0,
        "page": query.skip // query.limit + 1,
        "total_pages": -(-total // query.limit),
    }
    content = orjson.dumps(page, default=_text, option=orjson.OPT_UTC_Z)
    return Response(content, media_type="application/json")
