"""Azure: the latest version of a secret of a Key Vault.

Who asks is the federated account of a workload, where AZURE_FEDERATED_TOKEN_FILE names its token,
or the managed identity of the machine:
https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
"""

from pathlib import Path
from typing import Literal

from pydantic import Field

from app.core import project
from app.core.settings import SettingsGroup
from app.core.settings.group import Found
from app.features.secrets.backends import http
from app.features.secrets.backends.access import Access, lifetime
from app.features.secrets.backends.document import missing, parsed, refuse

WHO = "Key Vault"
ENTRA = "Microsoft Entra"
IDENTITY = "the managed identity"
API_VERSION = "7.4"
IDENTITY_API_VERSION = "2018-02-01"
RESOURCE = "https://vault.azure.net"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def _project_name() -> str:
    return project.project().name


class KeyVaultSettings(SettingsGroup):
    secrets_backend: Literal["env", "azure"] = "env"
    """Whether Key Vault is asked."""
    azure_key_vault_url: str | None = None
    """`https://my-vault.vault.azure.net`."""
    azure_secret_name: str = Field(default_factory=_project_name)
    """The secret, a JSON object of settings by name."""
    azure_client_id: str | None = None
    """Of the federated account, or of one managed identity among several."""
    azure_tenant_id: str | None = None
    """Of the federated account."""
    azure_federated_token_file: Path | None = None
    """The token of the federated account."""
    azure_authority_host: str = "https://login.microsoftonline.com/"
    """Who exchanges that token."""
    azure_identity_url: str = "http://169.254.169.254"
    """Where a managed identity gets its token."""


class KeyVault:
    def __init__(self, settings: KeyVaultSettings) -> None:
        """Raises ConfigurationError."""
        if settings.azure_key_vault_url is None:
            missing("AZURE_KEY_VAULT_URL")
        is_federated = settings.azure_federated_token_file is not None
        if is_federated and not (settings.azure_client_id and settings.azure_tenant_id):
            missing("AZURE_CLIENT_ID and AZURE_TENANT_ID")
        self._settings = settings
        self._address = settings.azure_key_vault_url.rstrip("/")
        self._access = Access(self._federated if is_federated else self._managed)

    def read(self) -> Found:
        """Blocks. Raises ConfigurationError."""
        return self._access.read(self._read_with)

    def _read_with(self, token: str) -> Found:
        name = self._settings.azure_secret_name
        answer = http.ask(
            "GET",
            f"{self._address}/secrets/{name}",
            who=WHO,
            params={"api-version": API_VERSION},
            headers={"Authorization": f"Bearer {token}"},
        )
        return parsed(str(http.at(answer, "value", who=WHO)), name)

    def _federated(self) -> tuple[str, float]:
        settings = self._settings
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.azure_client_id,
            "scope": f"{RESOURCE}/.default",
            "client_assertion_type": ASSERTION,
            "client_assertion": _token_of(settings.azure_federated_token_file),
        }
        host = settings.azure_authority_host.rstrip("/")
        url = f"{host}/{settings.azure_tenant_id}/oauth2/v2.0/token"
        answer = http.ask("POST", url, who=ENTRA, data=form)
        return http.at(answer, "access_token", who=ENTRA), lifetime(answer.get("expires_in"))

    def _managed(self) -> tuple[str, float]:
        query = {"api-version": IDENTITY_API_VERSION, "resource": RESOURCE}
        if self._settings.azure_client_id:
            query["client_id"] = self._settings.azure_client_id
        url = f"{self._settings.azure_identity_url.rstrip('/')}/metadata/identity/oauth2/token"
        answer = http.ask("GET", url, who=IDENTITY, params=query, headers={"Metadata": "true"})
        token = http.at(answer, "access_token", who=IDENTITY)
        return token, lifetime(answer.get("expires_in"))


def _token_of(path: Path | None) -> str:
    """Replaced by the platform every hour or so: read for each login."""
    try:
        return path.read_text().strip() if path else ""
    except OSError as error:
        refuse(f"AZURE_FEDERATED_TOKEN_FILE cannot be read ({type(error).__name__})")
