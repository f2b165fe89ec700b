"""HashiCorp Vault: a key-value engine of version 2, opened by a token or as a Kubernetes account.

https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from app.core import project
from app.core.settings import SettingsGroup
from app.core.settings.group import Found
from app.features.secrets.backends import http
from app.features.secrets.backends.access import Access, lifetime
from app.features.secrets.backends.document import missing, refuse, settings_of

WHO = "Vault"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ACCOUNT_TOKEN = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
FOREVER_SECONDS = float("inf")
"""A token that was given is read anew with the other settings, not renewed."""


def _project_name() -> str:
    return project.project().name


class VaultSettings(SettingsGroup):
    secrets_backend: Literal["env", "vault"] = "env"
    """Whether Vault is asked."""
    vault_addr: str | None = None
    """`https://vault.example.org:8200`."""
    vault_namespace: str | None = None
    """Of Vault Enterprise or HCP."""
    vault_mount: str = "secret"
    """Where the key-value engine, version 2, is."""
    vault_path: str = Field(default_factory=_project_name)
    """The secret in it, whose keys are names of settings."""
    vault_token: SecretStr | None = None
    """Read anew each time, not renewed."""
    vault_kubernetes_role: str | None = None
    """Log in as the account of the pod, with this role."""
    vault_kubernetes_mount: str = "kubernetes"
    """Where that way to log in is."""
    vault_kubernetes_token_file: Path = ACCOUNT_TOKEN
    """The token of that account."""

    def problems(self) -> Iterator[str]:
        url = urlsplit(self.vault_addr or "")
        is_safe = url.scheme == "https" or url.hostname in LOOPBACK
        if self.secrets_backend == "vault" and not is_safe:
            yield "VAULT_ADDR: production needs an https URL"


class Vault:
    def __init__(self, settings: VaultSettings) -> None:
        """Raises ConfigurationError."""
        if settings.vault_addr is None:
            missing("VAULT_ADDR")
        if settings.vault_token is None and settings.vault_kubernetes_role is None:
            missing("VAULT_TOKEN or VAULT_KUBERNETES_ROLE")
        self._settings = settings
        self._address = settings.vault_addr.rstrip("/")
        self._access = Access(self._given if settings.vault_token else self._log_in)

    def read(self) -> Found:
        """Blocks. Raises ConfigurationError."""
        return self._access.read(self._read_with)

    def _read_with(self, token: str) -> Found:
        path = f"{self._settings.vault_mount}/data/{self._settings.vault_path}"
        answer = self._ask("GET", path, headers={"X-Vault-Token": token})
        return settings_of(http.at(answer, "data", "data", who=WHO), self._settings.vault_path)

    def _given(self) -> tuple[str, float]:
        token = self._settings.vault_token
        return token.get_secret_value() if token else "", FOREVER_SECONDS

    def _log_in(self) -> tuple[str, float]:
        body = {"role": self._settings.vault_kubernetes_role, "jwt": self._account_token()}
        path = f"auth/{self._settings.vault_kubernetes_mount}/login"
        auth = http.at(self._ask("POST", path, json=body), "auth", who=WHO)
        token = http.at(auth, "client_token", who=WHO)
        return token, lifetime(auth.get("lease_duration"))

    def _account_token(self) -> str:
        """Kubernetes replaces it every hour or so: it is read for each login."""
        path = self._settings.vault_kubernetes_token_file
        try:
            return path.read_text().strip()
        except OSError as error:
            refuse(f"{path} cannot be read ({type(error).__name__})")

    def _ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **options: Any
    ) -> dict[str, Any]:
        namespace = self._settings.vault_namespace
        own = {"X-Vault-Request": "true"} | ({"X-Vault-Namespace": namespace} if namespace else {})
        url = f"{self._address}/v1/{path}"
        return http.ask(method, url, who=WHO, headers=own | (headers or {}), **options)
