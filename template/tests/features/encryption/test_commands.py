"""`app keys reencrypt`: afterwards the old key may go."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.engine import make_url
from uuid_utils.compat import uuid7

from app.core.database import Database
from app.core.settings import Settings
from app.features.encryption import Encryption, UndecryptableError
from app.features.second_factor.models import TotpFactor
from app.models.user import User
from tests.support.command_line import App

OLD, NEW = (f"{end}0Zk4Wm9Rt2Yp7Lc5Hn8Xq3Vb6Jd1Fs0" for end in "ab")
SEED = "JBSWY3DPEHPK3PXP"
FACTORS = 250
"""More than two pages."""


def encryption(key: str) -> Encryption:
    return Encryption(lambda: [key.encode()], "fernet")


@pytest.fixture
def factors(configured: str) -> list[UUID]:
    """Users whose second factors the old key encrypted."""

    async def make() -> list[UUID]:
        database = Database(make_url(configured), Settings(env_file=None))
        users = [uuid7() for _ in range(FACTORS)]
        async with database.write() as session:
            session.add_all(
                User(id=user, email=f"{user}@example.com", username=str(user)) for user in users
            )
            await session.flush()
            session.add_all(
                TotpFactor(user_id=user, secret=encryption(OLD).encrypt(f"totp/{user}", SEED))
                for user in users
            )
        await database.close()
        return users

    return asyncio.run(make())


def readable_with(url: str, key: str) -> int:
    """How many of the factors."""

    async def read() -> int:
        database = Database(make_url(url), Settings(env_file=None))
        async with database.read() as session:
            rows = (await session.scalars(select(TotpFactor))).all()
        await database.close()
        return sum(is_readable(row, key) for row in rows)

    return asyncio.run(read())


def is_readable(row: TotpFactor, key: str) -> bool:
    try:
        return encryption(key).decrypt(f"totp/{row.user_id}", row.secret) == SEED
    except UndecryptableError:
        return False


def test_all_is_under_the_new_key_and_a_second_run_finds_nothing(
    app: App, configured: str, factors: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", f"{NEW},{OLD}")

    first, second = [app("keys", "reencrypt") for _ in range(2)]

    assert (first.exit_code, second.exit_code) == (0, 0), first.output
    assert f"second factors: {FACTORS} of {FACTORS} were encrypted anew" in first.stdout
    assert f"second factors: 0 of {FACTORS} were encrypted anew" in second.stdout
    assert first.stderr.count("second factors:") == 3
    assert (readable_with(configured, NEW), readable_with(configured, OLD)) == (FACTORS, 0)


def test_what_no_key_reads_is_counted_and_stays_as_it_is(
    app: App, configured: str, factors: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", NEW)

    result = app("keys", "reencrypt")

    assert result.exit_code == 1
    assert f"second factors: {FACTORS} cannot be read with any key" in result.stderr
    assert OLD not in result.output + result.stderr
    assert readable_with(configured, OLD) == FACTORS
