"""Which ways of opening an account or replacing a password are offered."""

from collections.abc import Iterator

from app.core.settings import SettingsGroup
from app.core.settings.settings import Groups
from app.features.mail import MailSettings


class RegistrationSettings(SettingsGroup):
    registration_enabled: bool | None = None
    """Off in production unless it is said."""
    password_reset_enabled: bool = True
    """Whether a forgotten password can be set anew by mail."""
    login_requires_verified_email: bool | None = None
    """On in production unless it is said."""

    def is_enabled(self, *, is_production: bool) -> bool:
        return not is_production if self.registration_enabled is None else self.registration_enabled

    def requires_verified_email(self, *, is_production: bool) -> bool:
        given = self.login_requires_verified_email
        return is_production if given is None else given


SENDING = ("registration_enabled", "password_reset_enabled")


def printed_tokens(groups: Groups) -> Iterator[str]:
    """Refuses mail on the console of production while a part mails tokens."""
    needed = [name.upper() for name in SENDING if getattr(groups[RegistrationSettings], name)]
    if needed and groups[MailSettings].is_printed:
        names = " and ".join(needed)
        yield f"MAIL_URL: console:// would print tokens; {names} must be false then"
