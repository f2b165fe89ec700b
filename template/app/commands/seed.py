"""`app seed`: accounts to develop and to measure with."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from itertools import batched
from random import Random
from typing import Annotated, Any

import typer
from uuid_utils.compat import uuid7

from app.commands.application import opened_database
from app.commands.password_input import PasswordFileOption, PasswordStdinOption, given_password
from app.core import clock
from app.core.security.passwords import Passwords
from app.core.settings import ConfigurationError, Settings
from app.models.user import User

MOST_USERS = 1_000_000
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


def seed(
    users: Annotated[int, typer.Option(min=1, max=MOST_USERS, help="How many accounts.")],
    seed: Annotated[int, typer.Option(help="The same seed gives the same accounts.")] = 1,
    password_file: PasswordFileOption = None,
    password_stdin: PasswordStdinOption = False,
    allow_production: Annotated[
        bool, typer.Option("--allow-production", help="Without it production refuses.")
    ] = False,
) -> None:
    """Add accounts <first>.<last>.<number>@example.com; those that are there stay as they are.

    They all get the password that is given, or none, and then nobody can log in as them.
    """
    settings = Settings()
    if settings.runtime.is_production and not allow_production:
        raise ConfigurationError(["ENVIRONMENT: production is seeded with --allow-production only"])
    password = given_password(password_file, password_stdin)
    asyncio.run(_seed(settings, users, seed, password))
    typer.echo(f"{users} accounts are there")


async def _seed(settings: Settings, count: int, seed: int, password: str | None) -> None:
    """In batches, so that a run that was stopped can be repeated."""
    # One hash for all of them: to hash each anew would take a minute for every thousand.
    password_hash = await Passwords().hash(password) if password is not None else None
    async with opened_database(settings) as database:
        statement = database.insert(User).on_conflict_do_nothing()
        with typer.progressbar(length=count, label="Seeding") as bar:
            for batch in batched(_rows(count, seed, password_hash), BATCH_SIZE):
                async with database.write() as session:
                    await session.execute(statement, list(batch))
                bar.update(len(batch))


def _rows(count: int, seed: int, password_hash: str | None) -> Iterator[dict[str, Any]]:
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
