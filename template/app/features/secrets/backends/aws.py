"""AWS: a secret of Secrets Manager, the parameters below a path of the Parameter Store, or both.

Who asks is found as the AWS libraries do: a role of the task, of the pod or of the machine, or
variables of the process.
"""

from typing import Any, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.core.settings import SettingsGroup
from app.core.settings.group import Found
from app.features.secrets.backends.document import missing, parsed, refuse

OPTIONS = Config(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 2})


class AwsSettings(SettingsGroup):
    secrets_backend: Literal["env", "aws"] = "env"
    """Whether AWS is asked."""
    aws_region: str | None = None
    """Without it the one of the AWS libraries counts."""
    aws_endpoint_url: str | None = None
    """Another address of the API."""
    aws_secret_id: str | None = None
    """The name or ARN of a secret, a JSON object of settings by name."""
    aws_parameter_path: str | None = None
    """`/my-service/production`: the last part of a parameter's name is the setting's."""


class Aws:
    def __init__(self, settings: AwsSettings) -> None:
        """Raises ConfigurationError."""
        if settings.aws_secret_id is None and settings.aws_parameter_path is None:
            missing("AWS_SECRET_ID or AWS_PARAMETER_PATH")
        self._settings = settings
        self._session = boto3.session.Session(region_name=settings.aws_region)
        self._clients: dict[str, Any] = {}

    def read(self) -> Found:
        """Blocks. Raises ConfigurationError. Of both places, the secret wins."""
        path, secret_id = self._settings.aws_parameter_path, self._settings.aws_secret_id
        try:
            found = self._below(path) if path is not None else {}
            return {**found, **self._held_by(secret_id)} if secret_id is not None else found
        except ClientError as error:
            refuse(f"AWS answered {error.response['Error']['Code']}")
        except (BotoCoreError, ValueError) as error:
            refuse(f"AWS cannot be asked ({type(error).__name__})")

    def _held_by(self, secret_id: str) -> Found:
        answer = self._client("secretsmanager").get_secret_value(SecretId=secret_id)
        return parsed(answer.get("SecretString", ""), secret_id)

    def _below(self, path: str) -> Found:
        pages = self._client("ssm").get_paginator("get_parameters_by_path")
        parameters = pages.paginate(Path=path, WithDecryption=True)
        return {
            parameter["Name"].rpartition("/")[2].lower(): parameter["Value"].strip()
            for page in parameters
            for parameter in page["Parameters"]
        }

    def _client(self, service: str) -> Any:
        """Made once: it reads the service's description."""
        if service not in self._clients:
            address = self._settings.aws_endpoint_url
            client = self._session.client(service, endpoint_url=address, config=OPTIONS)
            self._clients[service] = client
        return self._clients[service]
