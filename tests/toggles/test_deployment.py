"""`deployment`: an image and compose files, Kubernetes manifests, both or neither.

What is in the manifests is test_kubernetes.py's.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.support.process import run
from tests.support.rendering import render
from tests.support.trees import changed, files, owned_paths, without_answers

OFF: list[str] = []
CHOICES = ["docker", "kubernetes"]
WORDS = {
    "docker": ("Dockerfile", "docker compose", "deploy.sh", "compose.smoke", "smoke-image"),
    "kubernetes": ("kustomize", "kubectl", "deploy-kubernetes"),
}
NOTED = {
    "README.md",
    "docs/development.md",
    "docs/telemetry.md",
    "pyproject.toml",
    "tests/support/extensions.py",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With everything that a deployment starts."""
    directory = tmp_path_factory.mktemp("deployment") / "service"
    parts: dict[str, Any] = {"redis": True, "background_jobs": "arq", "telemetry": ["prometheus"]}
    return render(directory, deployment=CHOICES, database="postgres", **parts)


@pytest.mark.parametrize("choice", CHOICES)
def test_exactly_its_files_come_and_go(tmp_path: Path, choice: str) -> None:
    off = render(tmp_path / "off", ci="github", deployment=OFF)
    on = render(tmp_path / "on", ci="github", deployment=[choice])
    absent = owned_paths({"ci": "github", "deployment": OFF})
    owned = set(absent) - set(owned_paths({"ci": "github", "deployment": [choice]}))
    added = set(without_answers(on)) - set(without_answers(off))

    assert changed(off, on) == added | NOTED
    assert all(any(f"{path}/".startswith(f"{one}/") for one in owned) for path in added)


@pytest.mark.parametrize("choice", CHOICES)
def test_without_it_there_is_no_word_of_it(tmp_path: Path, choice: str) -> None:
    off = render(tmp_path / "off", deployment=[other for other in CHOICES if other != choice])

    naming = {
        path: word
        for path, content in files(off).items()
        for word in WORDS[choice]
        if path != ".copier-answers.yml" and word.encode() in content
    }

    assert naming == {}


def test_hadolint_finds_nothing(project: Path) -> None:
    run("hadolint", "--failure-threshold", "style", "Dockerfile", cwd=project)


@pytest.mark.parametrize("name", ["deploy.sh", "rollback.sh", "deploy-kubernetes.sh"])
def test_a_script_parses_and_says_what_it_lacks(project: Path, name: str) -> None:
    script = f"deploy/scripts/{name}"

    run("bash", "-n", script, cwd=project)
    said = run("bash", "-c", f"! {script} 2>&1", cwd=project)

    assert "name " in said


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_compose_files_are_complete(tmp_path: Path, database: str) -> None:
    project = render(tmp_path / "service", deployment=["docker"], database=database)
    production = yaml.safe_load((project / "compose.production.yaml").read_text())

    for service in production["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert set(service["secrets"]) <= set(production["secrets"])
        assert {"TRUSTED_HOSTS", "TRUSTED_PROXIES", "MAIL_FROM"} <= set(service["environment"])
    assert production["services"]["migrate"]["command"] == ["db", "upgrade"]
    development = _composed(project, "compose.yaml")
    assert ("postgres" in development["services"]) is (database == "postgres")
    assert "redis" not in development["services"]


def test_redis_is_started_for_development_too(project: Path) -> None:
    assert "redis" in _composed(project, "compose.yaml")["services"]


def test_a_worker_of_development_talks_to_what_is_started_beside_it(project: Path) -> None:
    services = _composed(project, "compose.yaml")["services"]
    worker = services["worker"]

    assert worker["command"] == ["worker"]
    for name, service in {
        "DATABASE_URL": "postgres",
        "REDIS_URL": "redis",
        "MAIL_URL": "mail",
    }.items():
        assert urlsplit(worker["environment"][name]).hostname == service
        assert service in services


def test_what_is_measured_is_seen_in_development(project: Path, tmp_path: Path) -> None:
    model = _composed(project, "compose.yaml", MONITORING_TOKEN="a-token")  # noqa: S106
    contents = {name: one["content"] for name, one in model["configs"].items()}
    (source,) = yaml.safe_load(contents["grafana_sources"])["datasources"]
    (provider,) = yaml.safe_load(contents["grafana_dashboards"])["providers"]
    shown = model["services"]["grafana"]["volumes"][0]
    scraped = yaml.safe_load((project / "deploy" / "monitoring" / "prometheus.yml").read_text())
    read = [one["target"] for one in model["services"]["prometheus"]["volumes"]]

    assert contents["monitoring_token"] == "a-token"  # noqa: S105
    assert source["url"].removeprefix("http://") in "".join(
        model["services"]["prometheus"]["command"]
    )
    assert Path(shown["target"]).parent == Path(provider["options"]["path"])
    assert all(Path(one["source"]).is_file() for one in model["services"]["prometheus"]["volumes"])
    assert set(scraped["rule_files"]) <= {Path(one).name for one in read}
    without = render(tmp_path / "service", preset="minimal", registration=True, deployment=CHOICES)
    assert set(_composed(without, "compose.yaml")["services"]) == {"mail"}


@pytest.mark.parametrize(
    "answers",
    [
        {"preset": "minimal"},
        {"database": "sqlite", "redis": True, "background_jobs": "celery"},
        {"database": "postgres", "redis": True, "background_jobs": "arq"},
    ],
    ids=lambda answers: ",".join(map(str, answers.values())),
)
def test_the_smoke_test_changes_nothing_but_what_it_talks_to(
    tmp_path: Path, answers: dict[str, Any]
) -> None:
    project = render(tmp_path / "service", deployment=["docker"], **answers)

    production = _composed(project, "compose.production.yaml")
    smoke = _composed(project, "compose.production.yaml", "compose.smoke.yaml")

    beside = {"postgres"} if answers.get("database") == "postgres" else set()
    beside |= {"redis"} if answers.get("redis") else set()
    assert set(smoke["services"]) - set(production["services"]) == beside
    for name, service in production["services"].items():
        started = smoke["services"][name]
        assert set(started.pop("depends_on", {})) == beside
        assert service | {"restart": "no"} == started
    files = [Path(one["file"]).parent.name for one in smoke["secrets"].values()]
    assert files == ["smoke-files"] * len(production["secrets"])


def test_the_workers_are_as_many_as_the_host_is_told(tmp_path: Path) -> None:
    project = render(tmp_path / "service", deployment=["docker"], redis=True, background_jobs="arq")

    for workers in (1, 3):
        told = {"WORKERS": str(workers)} if workers > 1 else {}
        model = _composed(project, "compose.production.yaml", **told)
        assert model["services"]["worker"]["scale"] == workers


def _composed(project: Path, *files: str, **variables: str) -> dict[str, Any]:
    """What compose makes of the files."""
    names = ("IMAGE", "MAIL_FROM", "TRUSTED_HOSTS", "TRUSTED_PROXIES")
    settings = dict.fromkeys(names, "given") | {"SMOKE_FILES": str(project / "smoke-files")}
    named = [word for file in files for word in ("--file", file)]
    command = ("docker-compose", "--profile", "*", *named, "config", "--format=json")
    model: dict[str, Any] = json.loads(run(*command, cwd=project, env=settings | variables))
    return model
