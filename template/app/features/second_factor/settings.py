"""The accounts that must have a second factor."""

from typing import Literal

from app.core.security.principal import Principal
from app.core.settings import SettingsGroup
from app.models.user import User


class SecondFactorSettings(SettingsGroup):
    second_factor_required_for: Literal["nobody", "superusers", "everybody"] = "nobody"
    """These accounts set up a second factor before the next login by password gives tokens."""

    def is_required_of(self, user: Principal | User) -> bool:
        if self.second_factor_required_for == "superusers":
            return user.is_superuser
        return self.second_factor_required_for == "everybody"
