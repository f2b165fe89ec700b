"""The image of a rendered project is built, and serves as its own user from a read-only root."""

import json
import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from benchmarks.postgres import running
from tests.support import engine, images
from tests.support.environment import locked_versions, prepare
from tests.support.history import once
from tests.support.images import Image
from tests.support.process import run
from tests.support.rendering import render
from tests.support.serving import CLEAN_EXITS, free_port, wait_until_healthy

pytestmark = [
    pytest.mark.suite,
    pytest.mark.needs("buildah"),
    pytest.mark.needs("debootstrap"),
]

MOST_MEGABYTES_ABOVE_BASE = 120
"""`python:3.12-slim` has 125, and the image is to stay under 250."""
TAG = "localhost/service"
PASSWORD = "correct horse battery staple"  # noqa: S105
ADMIN = "admin@example.com"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With the pipeline whose commands are all in its file: GitLab's."""
    directory = tmp_path_factory.mktemp("image") / "service"
    project = render(directory, preset="enterprise", ci="gitlab")
    prepare(project)
    return project


@pytest.fixture(scope="module")
def image(project: Path, shared_base: Path) -> Iterator[Image]:
    once(shared_base / "image", lambda _: images.build(project, TAG))
    with images.mounted(TAG) as image:
        yield image


def test_it_is_small_and_holds_no_tool(image: Image) -> None:
    tools = ("pip", "pip3", "uv", "gcc", "strip", "curl")

    assert image.megabytes_above_base <= MOST_MEGABYTES_ABOVE_BASE
    assert not [tool for tool in tools if list(image.root.glob(f"usr/**/bin/{tool}"))]
    assert not list(image.root.glob("srv/app/tests"))


def test_it_migrates_serves_and_stops(image: Image, project: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 10001, 10001)
    port = free_port()
    with running(project) as database_url:
        settings = {
            "DATABASE_URL": database_url,
            "SECRET_KEY": "vJ3xT9qLw2RzK7mNb5Yc8HdF4sGp6AeU",
            "JWT_KEYS_DIR": "/tmp/jwt_keys",  # noqa: S108
            "TRUSTED_HOSTS": "127.0.0.1",
            "TRUSTED_PROXIES": "none",
            "MAIL_URL": "file:///tmp/mail",
            "MAIL_FROM": "service@example.com",
            # Nobody listens there: what Redis holds may be missing.
            "REDIS_URL": "redis://127.0.0.1:1",
        }
        _finished(image, "app", "keys", "rotate", data=data, **settings)
        _finished(image, "app", "db", "upgrade", data=data, **settings)
        names = ("--email", ADMIN, "--username", "admin", "--password-stdin")
        _finished(image, "app", "init-admin", *names, data=data, stdin=PASSWORD, **settings)
        serve = ("app", "serve", "--host", "127.0.0.1", "--port", str(port))
        log = tmp_path / "serve.log"
        server = images.started(image, *serve, data=data, log=log, **settings)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_healthy(url, server, log)
            smoke = ("app", "smoke", "--base-url", url, "--email", ADMIN, "--password-stdin")
            report = _finished(image, *smoke, data=data, stdin=PASSWORD, **settings)
            owner = Path(f"/proc/{server.pid}").stat().st_uid
            server.send_signal(signal.SIGTERM)
            status = server.wait(timeout=30)
        finally:
            server.kill()
            server.communicate(timeout=30)

    assert report.count("ok ") == 6
    assert owner == 10001
    assert status in CLEAN_EXITS


def test_the_pipeline_deploys_it_beside_an_empty_database(
    image: Image, project: Path, tmp_path: Path
) -> None:
    with running(project) as database_url:
        environment = engine.install(tmp_path / "engine", image, database_url)
        try:
            (command,) = [line for line in _script(project, "build-image") if "smoke" in line]
            said = run("bash", "-euo", "pipefail", "-c", command, cwd=project, env=environment)
        finally:
            engine.end(tmp_path / "engine")

    assert said.count("ok ") == 6
    assert "service serves" in said
    assert list((project / "var").iterdir()) == []


def test_the_pipeline_lists_what_is_in_it_as_cyclonedx(project: Path, image: Image) -> None:
    assert image.root.is_dir()
    images.save(TAG, project / "image.tar")

    (command,) = _script(project, "sbom")
    run(*shlex.split(command.removeprefix("/")), cwd=project)

    text = (project / "sbom.cdx.json").read_text()
    listed = json.loads(text)
    version = SchemaVersion.from_version(listed["specVersion"])
    assert JsonStrictValidator(version).validate_str(text) is None
    packages = {one["purl"].split("?")[0] for one in listed["components"] if "purl" in one}
    locked = locked_versions(project / "uv.lock")
    assert {f"pkg:pypi/{name}@{locked[name]}" for name in ("fastapi", "arq")} <= packages
    assert [one for one in packages if one.startswith("pkg:deb/debian/libssl3@")]
    assert not [one for one in packages if one.startswith("pkg:pypi/pytest@")]


def test_nothing_of_it_can_be_written(image: Image, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    os.chown(data, 10001, 10001)
    script = "touch /tmp/written && ! touch /srv/app/written 2>/dev/null && id -u"

    printed = _finished(image, "sh", "-c", script, data=data)

    assert printed.strip() == "10001"
    assert (data / "written").exists()


def test_a_change_of_the_code_keeps_the_layer_of_the_packages(project: Path) -> None:
    lines = run("grep", "-n", "-E", "^(COPY|RUN)", "Dockerfile", cwd=project).splitlines()
    packages = next(n for n, line in enumerate(lines) if "--no-install-project" in line)

    assert not [line for line in lines[:packages] if "COPY app" in line]


def _script(project: Path, job: str) -> list[str]:
    pipeline: dict[str, Any] = yaml.safe_load((project / ".gitlab-ci.yml").read_text())
    script: list[str] = pipeline[job]["script"]
    return script


def _finished(
    image: Image, *command: str, data: Path, stdin: str | None = None, **settings: str
) -> str:
    log = data.with_name("command.log")
    process = images.started(image, *command, data=data, log=log, **settings)
    process.communicate(stdin, timeout=120)
    assert process.returncode == 0, log.read_text()
    return log.read_text()
