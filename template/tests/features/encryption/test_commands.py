"""`app keys reencrypt`: afterwards the old key may go."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url
from uuid_utils.compat import uuid7

from app import installed
from app.core.database import Database, WriteSession
from app.core.settings import Settings
from app.domains import Domain
from app.features.encryption import Encryption, UndecryptableError, columns
from app.features.encryption.columns import EncryptedColumn
from app.models.user import User
from tests.support.command_line import App

OLD, NEW = (f"{end}0Zk4Wm9Rt2Yp7Lc5Hn8Xq3Vb6Jd1Fs0" for end in "ab")
NAME = "Ada Lovelace"
ROWS = 250
"""More than two pages."""


def encryption(key: str) -> Encryption:
    return Encryption(lambda: [key.encode()], "fernet")


def purpose_of(user_id: UUID) -> str:
    return f"name/{user_id}"


NAMES = EncryptedColumn("names", User.id, User.full_name, purpose_of)  # type: ignore[arg-type]
DOMAIN = Domain(install=lambda app, settings: columns.register(app, NAMES))


@pytest.fixture(autouse=True)
def names(configured: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users whose names the old key encrypted, in a column of a domain."""
    monkeypatch.setattr(installed, "DOMAINS", (DOMAIN,))
    users = [uuid7() for _ in range(ROWS)]

    async def make(session: WriteSession) -> None:
        session.add_all(
            User(
                id=user,
                email=f"{user}@example.com",
                username=str(user),
                full_name=encryption(OLD).encrypt(purpose_of(user), NAME),
            )
            for user in users
        )

    in_a_transaction(configured, make)


def readable_with(url: str, key: str) -> int:
    """How many of the names."""

    async def read(session: WriteSession) -> int:
        rows = await session.scalars(select(User))
        return sum(is_readable(row, key) for row in rows)

    return in_a_transaction(url, read)


def in_a_transaction[T](url: str, work: Callable[[WriteSession], Awaitable[T]]) -> T:
    async def run() -> T:
        database = Database(make_url(url), Settings(env_file=None))
        async with database.write() as session:
            result = await work(session)
        await database.close()
        return result

    return asyncio.run(run())


def is_readable(row: User, key: str) -> bool:
    try:
        return encryption(key).decrypt(purpose_of(row.id), row.full_name or "") == NAME
    except UndecryptableError:
        return False


def test_all_is_under_the_new_key_and_a_second_run_finds_nothing(
    app: App, configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", f"{NEW},{OLD}")

    first, second = [app("keys", "reencrypt") for _ in range(2)]

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert f"names: {ROWS} of {ROWS} were encrypted anew" in first.stdout
    assert f"names: 0 of {ROWS} were encrypted anew" in second.stdout
    assert first.stderr.count("names:") == 3
    assert (readable_with(configured, NEW), readable_with(configured, OLD)) == (ROWS, 0)


def test_what_no_key_reads_is_counted_and_stays_as_it_is(
    app: App, configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", NEW)

    result = app("keys", "reencrypt")

    assert result.exit_code == 1
    assert f"names: {ROWS} cannot be read with any key" in result.stderr
    assert OLD not in result.output + result.stderr
    assert readable_with(configured, OLD) == ROWS
