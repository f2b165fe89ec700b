"""`app seed`: accounts to develop and to measure with."""

import asyncio
from typing import Annotated

import typer

from app.commands.application import opened_database
from app.commands.password_input import PasswordFileOption, PasswordStdinOption, given_password
from app.core.security.passwords import Passwords
from app.core.settings import ConfigurationError, Settings
from app.services.seeding import seed_users

MOST_USERS = 1_000_000


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


async def _seed(settings: Settings, users: int, seed: int, password: str | None) -> None:
    # One hash for all of them: to hash each anew would take a minute for every thousand.
    password_hash = await Passwords().hash(password) if password is not None else None
    async with opened_database(settings) as database:
        with typer.progressbar(length=users, label="Seeding") as bar:
            async for added in seed_users(database, users, seed=seed, password_hash=password_hash):
                bar.update(added)
