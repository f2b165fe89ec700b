"""AWS by a real server of moto: Secrets Manager, the Parameter Store, and what they refuse."""

import json
import os
from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import uuid4

import boto3
import pytest
from moto.server import ThreadedMotoServer

from app.core.settings import ConfigurationError, Settings
from tests.features.secrets.backends import rotation

REGION = "eu-central-1"
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


class Aws:
    """One secret and one path, of this test alone."""

    def __init__(self, url: str) -> None:
        self.name = f"billing-{uuid4().hex}"
        self.path = f"/{self.name}"
        self.secrets = client("secretsmanager", url)
        self.parameters = client("ssm", url)
        self.secrets.create_secret(Name=self.name, SecretString="{}")

    def put(self, values: dict[str, str]) -> None:
        self.secrets.put_secret_value(SecretId=self.name, SecretString=json.dumps(values))

    def put_parameters(self, values: dict[str, str]) -> None:
        for name, value in values.items():
            self.parameters.put_parameter(
                Name=f"{self.path}/{name}", Value=value, Type="SecureString", Overwrite=True
            )

    def end(self) -> None:
        self.secrets.delete_secret(SecretId=self.name, ForceDeleteWithoutRecovery=True)


@cache
def client(service: str, url: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=url)


@pytest.fixture
def aws(server: str, monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    return Aws(server)


@pytest.fixture
def settings(server: str, aws: Aws) -> dict[str, Any]:
    return {
        "secrets_backend": "aws",
        "aws_region": REGION,
        "aws_endpoint_url": server,
        "aws_secret_id": aws.name,
    }


async def test_a_secret_is_followed_and_outlived(
    aws: Aws, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await rotation.is_followed_and_outlived(aws.put, aws.end, monkeypatch, **settings)


async def test_parameters_are_followed_and_outlived(
    aws: Aws, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one of two places ends, what is read of the other alone is not taken over."""
    settings |= {"aws_parameter_path": aws.path}

    await rotation.is_followed_and_outlived(aws.put_parameters, aws.end, monkeypatch, **settings)


def test_more_parameters_than_one_page_are_read(aws: Aws, settings: dict[str, Any]) -> None:
    values = {f"NAME_{number}": str(number) for number in range(25)}
    aws.put_parameters(values)

    found = rotation.read(**settings | {"aws_secret_id": None, "aws_parameter_path": aws.path})

    assert found == {name.lower(): value for name, value in values.items()}


def test_of_both_the_secret_wins(aws: Aws, settings: dict[str, Any]) -> None:
    aws.put({"MONITORING_TOKEN": "secret"})
    aws.put_parameters({"MONITORING_TOKEN": "parameter", "LOG_LEVEL": "ERROR"})

    found = rotation.read(**settings, aws_parameter_path=aws.path)

    assert found == {"monitoring_token": "secret", "log_level": "ERROR"}


def test_it_is_not_asked_where_it_is_off(settings: dict[str, Any]) -> None:
    assert rotation.read(**settings | {"secrets_backend": "env", "aws_secret_id": None}) == {}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"aws_secret_id": "nowhere"}, "AWS answered ResourceNotFoundException"),
        ({"aws_endpoint_url": "http://127.0.0.1:1"}, "AWS cannot be asked"),
        ({"aws_region": None}, "AWS cannot be asked"),
        ({"aws_secret_id": None}, "AWS_SECRET_ID or AWS_PARAMETER_PATH"),
    ],
)
def test_the_start_is_refused_with_a_sentence(
    settings: dict[str, Any], changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words):
        rotation.read(**settings | changed)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hidden", "is not JSON"),
        ('["hidden"]', "is not a JSON object of settings by name"),
        ('{"A": {"hidden": 1}}', "holds A, which is not a text"),
    ],
)
def test_a_secret_that_is_no_set_of_settings_is_not_shown(
    aws: Aws, settings: dict[str, Any], text: str, words: str
) -> None:
    aws.secrets.put_secret_value(SecretId=aws.name, SecretString=text)

    with pytest.raises(ConfigurationError, match=words) as caught:
        Settings(env_file=None, **settings)

    assert "hidden" not in str(caught.value)
