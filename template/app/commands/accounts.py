"""`app init-admin`, `app setup`, `app users`, `app roles`: accounts, without a login."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from app.commands import db
from app.commands.application import opened_database, recording_app
from app.commands.password_input import PasswordFileOption, PasswordStdinOption, asked_password
from app.core import clock, lifespan, registry
from app.core.database import Database, ReadSession, WriteSession
from app.core.http.errors import Conflict, NotFound
from app.core.security import events
from app.core.settings import Settings
from app.models.role import ADMIN_ROLE, Role
from app.models.user import User
from app.repositories.role import RoleRepository
from app.repositories.session import SessionRepository
from app.repositories.user import UserRepository
from app.schemas.user import Email, Username
from app.services.own_password import OwnPassword

users_cli = typer.Typer(no_args_is_help=True, help="Accounts.")
roles_cli = typer.Typer(no_args_is_help=True, help="Roles, and the accounts that have them.")

EmailOption = Annotated[str | None, typer.Option(help="Address of the account.")]
UsernameOption = Annotated[str | None, typer.Option(help="Name of the account.")]
AccountArgument = Annotated[str, typer.Argument(help="E-mail or username of the account.")]
RoleArgument = Annotated[str, typer.Argument(help="Name of the role.")]


def init_admin(
    email: EmailOption = None,
    username: UsernameOption = None,
    password_file: PasswordFileOption = None,
    password_stdin: PasswordStdinOption = False,
) -> None:
    """Create a superuser; an administrator who is there already is left alone."""
    email = _valid(Email, email or typer.prompt("E-mail"), "--email")
    username = _valid(Username, username or typer.prompt("Username"), "--username")
    password = asked_password(password_file, password_stdin)
    created = asyncio.run(_create(email, username, password))
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


@users_cli.callback()
def users() -> None:
    """Accounts."""  # with a callback Typer keeps the name of a single command


@users_cli.command("set-password")
def set_password(
    account: AccountArgument,
    password_file: PasswordFileOption = None,
    password_stdin: PasswordStdinOption = False,
) -> None:
    """Set a new password and end every session of the account."""
    asyncio.run(_set_password(account, asked_password(password_file, password_stdin)))
    typer.echo(f"{account} has a new password; every session has ended")


@roles_cli.command()
def grant(account: AccountArgument, role: RoleArgument) -> None:
    """Give a role to an account."""
    asyncio.run(_change_roles(account, role, granted=True))
    typer.echo(f"{account} has the role {role}")


@roles_cli.command()
def revoke(account: AccountArgument, role: RoleArgument) -> None:
    """Take a role from an account."""
    asyncio.run(_change_roles(account, role, granted=False))
    typer.echo(f"{account} does not have the role {role}")


@roles_cli.command("list")
def list_roles() -> None:
    """Print each role with its permissions."""
    for role in asyncio.run(_roles()):
        typer.echo(f"{role.name}: {', '.join(role.permissions) or '-'}")


def _valid(kind: Any, value: str, option: str) -> str:
    try:
        valid: str = TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"], param_hint=option) from None
    return valid


async def _create(email: str, username: str, password: str) -> bool:
    """True when the account was made, False when it was there; its password is left alone then.

    Raises Conflict where the name or address belongs to an account that is not a superuser:
    to promote somebody else's account by accident would hand it over.
    """
    async with recording_app(Settings()) as app:
        password_hash = await registry.get(app, OwnPassword).hashed(password, username, email)
        async with registry.get(app, Database).write() as session:
            repository = UserRepository(session)
            existing = await repository.by_identifier(email)
            existing = existing or await repository.by_identifier(username)
            if existing is not None:
                if existing.is_superuser and existing.email == email:
                    return False
                detail = "an account with this e-mail or username exists already"
                raise Conflict("account_exists", detail)
            names: dict[str, Any] = {"email": email, "username": username, "is_superuser": True}
            roles = await RoleRepository(session).named([ADMIN_ROLE])
            user = User(**names, password_hash=password_hash, email_verified=True, roles=roles)
            await repository.add(user)
            target, by = f"user:{user.id}", "command line"
            events.record(session, "user.created", actor_id=None, target=target, by=by, **names)
            return True


async def _set_password(account: str, password: str) -> None:
    # In its lifespan: what a part tells the owner leaves before the end.
    async with recording_app(Settings()) as app, lifespan.run(app):
        database, passwords = registry.get(app, Database), registry.get(app, OwnPassword)
        async with database.read() as session:
            user = await _found(session, account)
        password_hash = await passwords.hashed(password, user.username, user.email)
        async with database.write() as session:
            await passwords.store(session, user, password_hash, "user.password_set", None)
            await SessionRepository(session).end_all(user.id, clock.now())


async def _change_roles(account: str, name: str, *, granted: bool) -> None:
    async with recording_app(Settings()) as app, registry.get(app, Database).write() as session:
        user = await _found(session, account)
        role = await RoleRepository(session).get(name)
        if role is None:
            raise NotFound("role_not_found", f"there is no role {name}")
        before = [one.name for one in user.roles]
        if (name in before) == granted:
            return
        user.roles = [one for one in user.roles if one is not role] + [role] * granted
        user.updated_at = clock.now()
        session.rights_changed(user.id)
        after = [one.name for one in user.roles]
        events.record(
            session,
            "user.role.changed",
            actor_id=None,
            target=f"user:{user.id}",
            changes={"roles": [before, after]},
        )


async def _roles() -> Sequence[Role]:
    async with opened_database(Settings()) as database, database.read() as session:
        return await RoleRepository(session).all()


async def _found(session: ReadSession | WriteSession, account: str) -> User:
    user = await UserRepository(session).by_identifier(account)
    if user is None:
        raise NotFound("user_not_found", f"there is no account {account}")
    return user
