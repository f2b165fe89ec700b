"""The first administrator, from the command line."""

from app.core.database import WriteSession
from app.core.http.errors import Conflict
from app.core.security import events
from app.core.security.passwords import Passwords
from app.models.role import ADMIN_ROLE
from app.models.user import User
from app.repositories.role import RoleRepository
from app.repositories.user import UserRepository


async def ensure_admin(
    session: WriteSession, passwords: Passwords, *, email: str, username: str, password: str
) -> bool:
    """True when the account was made, False when it was there; its password is left alone then.

    Raises Conflict where the name or address belongs to an account that is not a superuser:
    to promote somebody else's account by accident would hand it over.
    """
    users = UserRepository(session)
    existing = await users.by_identifier(email) or await users.by_identifier(username)
    if existing is not None:
        if existing.is_superuser and existing.email == email:
            return False
        raise Conflict("account_exists", "an account with this e-mail or username exists already")
    role = await RoleRepository(session).get(ADMIN_ROLE)
    user = User(
        email=email,
        username=username,
        password_hash=await passwords.hash(password),
        is_superuser=True,
        email_verified=True,
        roles=[role] if role else [],
    )
    await users.add(user)
    events.record(
        session,
        "user.created",
        actor_id=None,
        target=f"user:{user.id}",
        email=email,
        username=username,
        is_superuser=True,
        by="command line",
    )
    return True
