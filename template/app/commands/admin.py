"""`app init-admin` and `app setup`: the first account, without a password in any argv."""

import asyncio
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from app.commands import db
from app.commands.application import recording_app
from app.commands.password_input import PasswordFileOption, PasswordStdinOption, asked_password
from app.core import registry
from app.core.database import Database
from app.core.http.errors import Conflict, Unprocessable
from app.core.security import SecuritySettings, events
from app.core.security.password_policy import PasswordPolicy
from app.core.security.passwords import Passwords
from app.core.settings import Settings
from app.models.role import ADMIN_ROLE
from app.models.user import User
from app.repositories.role import RoleRepository
from app.repositories.user import UserRepository
from app.schemas.user import Email, Username

EmailOption = Annotated[str | None, typer.Option(help="Address of the account.")]
UsernameOption = Annotated[str | None, typer.Option(help="Name of the account.")]


def init_admin(
    email: EmailOption = None,
    username: UsernameOption = None,
    password_file: PasswordFileOption = None,
    password_stdin: PasswordStdinOption = False,
) -> None:
    """Create a superuser; an administrator who is there already is left alone."""
    settings = Settings()
    email = _valid(Email, email or typer.prompt("E-mail"), "--email")
    username = _valid(Username, username or typer.prompt("Username"), "--username")
    password = asked_password(password_file, password_stdin)
    _check(settings.group(SecuritySettings), password, username, email)
    created = asyncio.run(_create(settings, email, username, password))
    known = f"{email} was already an administrator, whose name and password stay as they are"
    typer.echo(f"{username} is now an administrator" if created else known)


def setup(
    email: EmailOption = None,
    username: UsernameOption = None,
    password_file: PasswordFileOption = None,
    password_stdin: PasswordStdinOption = False,
) -> None:
    """Create the database and the first administrator."""
    db.init_db()
    init_admin(email, username, password_file, password_stdin)


def _check(settings: SecuritySettings, password: str, username: str, email: str) -> None:
    policy = PasswordPolicy(settings.password_min_length, settings.password_breach_check_url)
    try:
        asyncio.run(policy.check(password, username, email))
    except Unprocessable as error:
        raise typer.BadParameter(error.detail, param_hint="password") from None


async def _create(settings: Settings, email: str, username: str, password: str) -> bool:
    """True when the account was made, False when it was there; its password is left alone then.

    Raises Conflict where the name or address belongs to an account that is not a superuser:
    to promote somebody else's account by accident would hand it over.
    """
    async with recording_app(settings) as app, registry.get(app, Database).write() as session:
        users = UserRepository(session)
        existing = await users.by_identifier(email) or await users.by_identifier(username)
        if existing is not None:
            if existing.is_superuser and existing.email == email:
                return False
            detail = "an account with this e-mail or username exists already"
            raise Conflict("account_exists", detail)
        password_hash = await Passwords().hash(password)
        names: dict[str, Any] = {"email": email, "username": username, "is_superuser": True}
        roles = await RoleRepository(session).named([ADMIN_ROLE])
        user = User(**names, password_hash=password_hash, email_verified=True, roles=roles)
        await users.add(user)
        target, by = f"user:{user.id}", "command line"
        events.record(session, "user.created", actor_id=None, target=target, by=by, **names)
        return True


def _valid(kind: Any, value: str, option: str) -> str:
    try:
        valid: str = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint=option) from None
    return valid
