"""`secrets_backend`: secrets read once, followed in files, or read from a store too."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import CommandError, run
from tests.support.rendering import render

OFF = "env"
FILES = "files"
MAIL_FROM = "stored@example.org"
DOCUMENT = json.dumps({"MAIL_FROM": MAIL_FROM})
COMPOSED = {
    "app/__init__.py",
    "app/features/secrets/__init__.py",
    ".env.example",
    "docs/how-to/secrets.md",
    "docs/security/asvs.md",
}
PACKAGES = {
    "aws": {
        "pyproject.toml": {
            '    "boto3~=1.44",',
            '    "moto[secretsmanager,ssm]~=5.2",',
            '    "flask~=3.1",',
            '    "flask-cors~=6.0",',
            'module = ["boto3.*", "botocore.*", "moto.*"]',
        }
    }
}
SETTINGS = {
    "vault": {"VAULT_ADDR": "{url}", "VAULT_TOKEN": "token"},
    "aws": {
        "AWS_ENDPOINT_URL": "{url}",
        "AWS_REGION": "eu-central-1",
        "AWS_SECRET_ID": "my-service",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    },
    "gcp": {
        "GCP_PROJECT": "my-project",
        "GCP_SECRET_MANAGER_URL": "{url}",
        "GCP_METADATA_URL": "{url}",
    },
    "azure": {"AZURE_KEY_VAULT_URL": "{url}", "AZURE_IDENTITY_URL": "{url}"},
}
PROVIDERS = {"vault": "vault", "aws": "aws", "gcp": "gcpsm", "azure": "azurekv"}
WORD = re.compile(r"SECRETS_BACKEND|features\.secrets\.backends|VAULT_|AWS_|GCP_|AZURE_|boto|moto")
FOLLOWING = re.compile(r"SECRETS_RELOAD|secret reload|app secrets|features\.secrets", re.IGNORECASE)
FILES_LINES = {
    "app/main.py": {"    secrets,", "    secrets.install(app, settings)"},
    "app/cli.py": {
        "from app.features.secrets import commands as secrets",
        'cli.add_typer(secrets.cli, name="secrets")',
    },
    ".env.example": {
        "# SECRETS_DIR=/run/secrets        (app secrets init)",
        "# SECRETS_RELOAD_SECONDS=10",
    },
}
FILES_LOST = {".env.example": {"# SECRETS_DIR=/run/secrets"}}
FILES_REWRITTEN = {
    "docs/how-to/rotate-keys.md",
    "docs/how-to/secrets.md",
    "docs/index.md",
}
ANSWERS: dict[tuple[str, str], dict[str, Any]] = {
    ("GET", "/v1/secret/data/my-service"): {"data": {"data": {"MAIL_FROM": MAIL_FROM}}},
    ("POST", "/"): {"Name": "my-service", "SecretString": DOCUMENT},
    ("GET", "/computeMetadata/v1/instance/service-accounts/default/token"): {
        "access_token": "token",
        "expires_in": 3599,
    },
    ("GET", "/v1/projects/my-project/secrets/my-service/versions/latest:access"): {
        "payload": {"data": base64.b64encode(DOCUMENT.encode()).decode()}
    },
    ("GET", "/metadata/identity/oauth2/token"): {"access_token": "token", "expires_in": "3599"},
    ("GET", "/secrets/my-service"): {"value": DOCUMENT},
}


def test_exactly_what_follows_files_comes_and_goes(tmp_path: Path) -> None:
    assert_exactly(
        tmp_path,
        {"secrets_backend": OFF, "deployment": []},
        {"secrets_backend": FILES, "deployment": []},
        gained=FILES_LINES,
        lost=FILES_LOST,
        rewritten=FILES_REWRITTEN,
    )


@pytest.mark.parametrize("choice", SETTINGS)
def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path, choice: str) -> None:
    assert_exactly(
        tmp_path,
        {"secrets_backend": FILES, "deployment": []},
        {"secrets_backend": choice, "deployment": []},
        gained=PACKAGES.get(choice, {}),
        rewritten=COMPOSED,
    )


def test_off_leaves_no_word_of_any(tmp_path: Path) -> None:
    off = render(tmp_path / "off", secrets_backend=OFF, oauth_providers=[])

    assert mentions(off, WORD) == {}
    assert mentions(off, FOLLOWING) == {}


def test_files_leave_no_word_of_a_store(tmp_path: Path) -> None:
    files = render(tmp_path / "files", secrets_backend=FILES, oauth_providers=[])

    assert mentions(files, WORD) == {}


def test_a_mounted_file_is_read_and_only_followed_on_request(tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "MAIL_FROM").write_text(MAIL_FROM)
    variables = {"SECRETS_DIR": str(secrets)}

    for choice in (OFF, FILES):
        project = _prepared(tmp_path / choice, choice)
        shown = json.loads(run(".venv/bin/app", "config", "show", cwd=project, env=variables))
        assert shown["MAIL_FROM"] == MAIL_FROM
        assert ("SECRETS_RELOAD_SECONDS" in shown) == (choice == FILES)


@pytest.mark.parametrize("choice", SETTINGS)
def test_a_setting_comes_from_the_store_where_it_is_switched_on(
    tmp_path: Path, choice: str
) -> None:
    project = _prepared(tmp_path, choice)
    with _store() as url:
        variables = {name: value.format(url=url) for name, value in SETTINGS[choice].items()}
        switched_off = _mail_from(project, variables)
        switched_on = _mail_from(project, variables | {"SECRETS_BACKEND": choice})

    assert switched_off == "no-reply@example.com"
    assert switched_on == MAIL_FROM
    with pytest.raises(CommandError, match=r"SECRETS_BACKEND: .*cannot be (reached|asked)"):
        _mail_from(project, variables | {"SECRETS_BACKEND": choice})


def test_without_any_nothing_is_asked(tmp_path: Path) -> None:
    project = _prepared(tmp_path, OFF)
    with _store() as url:
        variables = {"SECRETS_BACKEND": "vault", "VAULT_ADDR": url, "VAULT_TOKEN": "token"}

        assert _mail_from(project, variables) == "no-reply@example.com"


@pytest.mark.parametrize("choice", [OFF, FILES, *SETTINGS])
@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_an_overlay_takes_its_secrets_from_there(tmp_path: Path, choice: str, overlay: str) -> None:
    project = render(tmp_path / "service", secrets_backend=choice, deployment=["kubernetes"])
    path = project / "deploy" / "kubernetes" / "overlays" / overlay / "secrets.yaml"
    *stores, secret = yaml.safe_load_all(path.read_text())

    wanted = {"kind": "SecretStore", "name": "app-store"}
    if choice in {OFF, FILES}:
        wanted = {"kind": "ClusterSecretStore", "name": "platform"}
    assert secret["spec"]["secretStoreRef"] == wanted
    assert [list(store["spec"]["provider"]) for store in stores] == (
        [[PROVIDERS[choice]]] if choice in PROVIDERS else []
    )


@contextmanager
def _store() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found = ANSWERS.get((self.command, self.path.partition("?")[0]))
            content = json.dumps(found or {}).encode()
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def _mail_from(project: Path, variables: dict[str, str]) -> str:
    shown = run(".venv/bin/app", "config", "show", cwd=project, env=variables)
    value: str = json.loads(shown)["MAIL_FROM"]
    return value


def _prepared(folder: Path, choice: str) -> Path:
    project = render(
        folder / "service", secrets_backend=choice, database="sqlite", oauth_providers=[]
    )
    prepare(project)
    return project
