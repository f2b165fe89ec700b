"""Accounts for a development or load-test database: the same number and seed give the same ones."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from itertools import batched
from random import Random
from typing import Any

from uuid_utils.compat import uuid7

from app.core import clock
from app.core.database import Database
from app.models.user import User

BATCH_SIZE = 1_000
INACTIVE_SHARE = 0.03
OLDEST = timedelta(days=730)
FIRST_NAMES = (
    "Amara", "Ben", "Chiara", "Daniel", "Elif", "Farid", "Grace", "Hiro", "Ines", "Jonas",
    "Katya", "Liam", "Mei", "Nadia", "Oskar", "Priya", "Quentin", "Rosa", "Samir", "Tove",
    "Ulrike", "Viktor", "Wanjiru", "Ximena", "Yusuf", "Zofia",
)  # fmt: skip
LAST_NAMES = (
    "Abebe", "Berg", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ivanova",
    "Jensen", "Kowalski", "Lindqvist", "Moreau", "Nakamura", "Okafor", "Petrov", "Quispe",
    "Rossi", "Santos", "Tanaka", "Ueda", "Varga", "Wang", "Yilmaz", "Zhang",
)  # fmt: skip

type Row = dict[str, Any]


async def seed_users(
    database: Database, count: int, *, seed: int, password_hash: str | None
) -> AsyncIterator[int]:
    """Yields the size of each committed batch.

    An account that is there already stays as it is, so a run that was stopped can be repeated.
    """
    statement = database.insert(User).on_conflict_do_nothing()
    for batch in batched(_rows(count, seed, password_hash), BATCH_SIZE):
        async with database.write() as session:
            await session.execute(statement, list(batch))
        yield len(batch)


def _rows(count: int, seed: int, password_hash: str | None) -> Iterator[Row]:
    choose = Random(seed)  # noqa: S311 - the same accounts every time are the point
    now = clock.now()
    for number in range(count):
        first, last = choose.choice(FIRST_NAMES), choose.choice(LAST_NAMES)
        username = f"{first}.{last}.{number}".lower()
        created_at = now - OLDEST * choose.random()
        yield {
            "id": uuid7(),
            "email": f"{username}@example.com",
            "username": username,
            "full_name": f"{first} {last}",
            "password_hash": password_hash,
            "is_active": choose.random() >= INACTIVE_SHARE,
            "is_superuser": False,
            "email_verified": True,
            "created_at": created_at,
            "updated_at": created_at,
            "version": 1,
        }
