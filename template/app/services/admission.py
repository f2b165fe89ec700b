"""Who may not log in although the password is right."""

from collections.abc import Callable

from app.core.database import Database
from app.core.errors import Forbidden
from app.models.user import User
from app.services import auth_audit


class Admission:
    def __init__(self, database: Database, on_unverified: Callable[[User], None] | None) -> None:
        """`on_unverified` hears of users without a proved address; None lets them in."""
        self._database = database
        self._on_unverified = on_unverified

    async def check(self, user: User) -> None:
        """Raises Forbidden `account_disabled` or `email_unverified`."""
        if not user.is_active:
            await auth_audit.login_refused(self._database, user, "account_disabled")
            raise Forbidden("account_disabled", "The account is disabled.")
        if self._on_unverified is not None and not user.email_verified:
            await auth_audit.login_refused(self._database, user, "email_unverified")
            self._on_unverified(user)
            raise Forbidden("email_unverified", "The address is not confirmed; a mail was sent.")
