"""Google Cloud: the latest version of a secret of Secret Manager.

Who asks is the service account of the workload, as the metadata server tells:
https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions/access
https://cloud.google.com/compute/docs/access/authenticate-workloads
"""

import base64
import binascii
from typing import Literal

from pydantic import Field, SecretStr

from app.core import project
from app.core.settings import SettingsGroup
from app.core.settings.group import Found
from app.features.secrets.backends import http
from app.features.secrets.backends.access import Access, lifetime
from app.features.secrets.backends.document import missing, parsed, refuse

WHO = "Secret Manager"
METADATA = "the metadata server"
TOKEN_PATH = "computeMetadata/v1/instance/service-accounts/default/token"
FOREVER_SECONDS = float("inf")


def _project_name() -> str:
    return project.project().name


class GoogleCloudSettings(SettingsGroup):
    secrets_backend: Literal["env", "gcp"] = "env"
    """Whether Secret Manager is asked."""
    gcp_project: str | None = None
    """Whose secret it is."""
    gcp_secret: str = Field(default_factory=_project_name)
    """The secret, a JSON object of settings by name."""
    gcp_access_token: SecretStr | None = None
    """Where there is no metadata server: `gcloud auth print-access-token`."""
    gcp_metadata_url: str = "http://metadata.google.internal"
    """Where the workload gets its token."""
    gcp_secret_manager_url: str = "https://secretmanager.googleapis.com"
    """Another address of the API."""


class GoogleCloud:
    def __init__(self, settings: GoogleCloudSettings) -> None:
        """Raises ConfigurationError."""
        if settings.gcp_project is None:
            missing("GCP_PROJECT")
        self._settings = settings
        self._access = Access(self._given if settings.gcp_access_token else self._issued)

    def read(self) -> Found:
        """Blocks. Raises ConfigurationError."""
        return self._access.read(self._read_with)

    def _read_with(self, token: str) -> Found:
        name = f"projects/{self._settings.gcp_project}/secrets/{self._settings.gcp_secret}"
        url = f"{self._settings.gcp_secret_manager_url.rstrip('/')}/v1/{name}/versions/latest"
        headers = {"Authorization": f"Bearer {token}"}
        answer = http.ask("GET", f"{url}:access", who=WHO, headers=headers)
        data = http.at(answer, "payload", "data", who=WHO)
        try:
            return parsed(base64.b64decode(data, validate=True), name)
        except (binascii.Error, TypeError):
            refuse(f"{WHO} answered with data that is not base64")

    def _given(self) -> tuple[str, float]:
        token = self._settings.gcp_access_token
        return token.get_secret_value() if token else "", FOREVER_SECONDS

    def _issued(self) -> tuple[str, float]:
        url = f"{self._settings.gcp_metadata_url.rstrip('/')}/{TOKEN_PATH}"
        answer = http.ask("GET", url, who=METADATA, headers={"Metadata-Flavor": "Google"})
        token = http.at(answer, "access_token", who=METADATA)
        return token, lifetime(answer.get("expires_in"))
