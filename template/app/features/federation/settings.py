"""Settings of one provider, under its name: the same words for each, made from its declaration."""

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, create_model

from app.core.settings import CommaList, ConfigurationError, Settings, SettingsGroup
from app.features.federation.port import Claims, Identity, Provider

SECRETS = ("client_secret", "client_secret_previous")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ANY_TENANT = "*"
TENANT_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ProviderSettings:
    """The settings of one provider by their plain names."""

    def __init__(self, provider: Provider, settings: Settings) -> None:
        self.group = _group(provider)
        values = settings.group(self.group).model_dump()
        prefix = f"{provider.name}_"
        self._values: dict[str, Any] = {
            name.removeprefix(prefix): value for name, value in values.items()
        }
        self.name = provider.name
        self.is_multi_tenant = "{tenant}" in (provider.issuer or "")
        if self.is_enabled:
            self._check(provider)

    @property
    def is_enabled(self) -> bool:
        return bool(self._values["client_id"])

    @property
    def client_id(self) -> str:
        return str(self._values["client_id"])

    @property
    def secrets(self) -> dict[str, str | None]:
        """By the name of the setting, in the order they are tried; None for a public client."""
        found: dict[str, str | None] = {}
        for name in SECRETS:
            secret: SecretStr | None = self._values[name]
            if secret is not None:
                found[f"{self.name}_{name}".upper()] = secret.get_secret_value()
        return found or {"": None}

    @property
    def issuer(self) -> str:
        """Without a tenant filled in."""
        return str(self._values["issuer"])

    @property
    def tenant(self) -> str:
        return str(self._values.get("tenant_id", ""))

    @property
    def allowed_tenants(self) -> frozenset[str]:
        own = [self.tenant] if TENANT_ID.fullmatch(self.tenant) else []
        return frozenset(own or self._values.get("allowed_tenants", ()))

    @property
    def is_invite_only(self) -> bool:
        return bool(self._values["first_login"] == "invite")

    @property
    def role_map(self) -> dict[str, str]:
        pairs = (pair.partition("=") for pair in self._values["role_map"])
        return {group.strip(): role.strip() for group, _, role in pairs}

    @property
    def role_claim(self) -> str:
        return str(self._values["role_claim"])

    def roles_of(self, claims: Claims) -> frozenset[str] | None:
        """What the map grants; None where there is no map."""
        role_map = self.role_map
        if not role_map:
            return None
        groups = claims.get(self.role_claim, [])
        named = [groups] if isinstance(groups, str) else groups
        listed = named if isinstance(named, list) else []
        return frozenset(role_map[g] for g in listed if isinstance(g, str) and g in role_map)

    def vouches_for(self, claims: Claims) -> bool:
        """A tenant that the operator has named is trusted with the addresses of its people."""
        return self.is_multi_tenant and claims.get("tid") in self.allowed_tenants

    def admits(self, identity: Identity) -> bool:
        """Whether the address, and the organisation where one is told, is on the list."""
        domains = {domain.lower() for domain in self._values["allowed_domains"]}
        if not domains:
            return True
        if identity.email is None or not identity.email_verified:
            return False
        if identity.hosted_domain is not None and identity.hosted_domain.lower() not in domains:
            return False
        return identity.email.rpartition("@")[2].lower() in domains

    def _check(self, provider: Provider) -> None:
        prefix = self.name.upper()
        url = urlsplit(self._values["issuer"] or "")
        if url.scheme != "https" and not (url.scheme == "http" and url.hostname in LOOPBACK):
            raise ConfigurationError([f"{prefix}_ISSUER: needs an https URL"])
        if provider.endpoints and not any(self.secrets.values()):
            raise ConfigurationError([f"{prefix}_CLIENT_SECRET: this provider needs one"])
        if any("=" not in pair for pair in self._values["role_map"]):
            raise ConfigurationError([f"{prefix}_ROLE_MAP: write group=role, comma-separated"])
        if self.is_multi_tenant and not self.allowed_tenants:
            raise ConfigurationError(
                [f"{prefix}_ALLOWED_TENANTS: name the tenants, or set {prefix}_TENANT_ID to one"]
            )


def _group(provider: Provider) -> type[SettingsGroup]:
    fields: dict[str, Any] = {
        "client_id": (str | None, _said(None, "Without it the provider is off.")),
        "client_secret": (SecretStr | None, _said(None, "Unset for a public client.")),
        "client_secret_previous": (SecretStr | None, _said(None, "Tried second.")),
        "issuer": (str | None, _said(provider.issuer, "The issuer, to the letter.")),
        "allowed_domains": (CommaList, _said([], "E-mail domains that may sign in.")),
        "first_login": (Literal["create", "invite"], _said("create", "What opens an account.")),
        "role_claim": (str, _said("groups", "The claim that names groups.")),
        "role_map": (CommaList, _said([], "`group=role`, applied at every login.")),
    }
    if "{tenant}" in (provider.issuer or ""):
        fields["tenant_id"] = (str, _said("common", "One tenant, or `common`."))
        fields["allowed_tenants"] = (CommaList, _said([], "Ids; `*` admits every tenant."))
    named = {f"{provider.name}_{name}": declared for name, declared in fields.items()}
    return _made(provider.name, named)


def _said(default: Any, meaning: str) -> Any:
    return Field(default, description=meaning)


_groups: dict[str, type[SettingsGroup]] = {}


def _made(name: str, fields: dict[str, Any]) -> type[SettingsGroup]:
    """One class a provider, whatever number of applications a process makes."""
    if name not in _groups:
        _groups[name] = create_model(
            f"{name}_settings", __base__=SettingsGroup, __module__=f"providers.{name}", **fields
        )
    return _groups[name]
