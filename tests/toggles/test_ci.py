"""`ci` adds workflows or a pipeline, whose every command is run here as they would run it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.environment import prepare
from tests.support.process import run
from tests.support.rendering import ROOT, render
from tests.support.suites import share
from tests.support.trees import changed

CHECKS = ".github/workflows/ci.yml"
ON_SQLITE = ".github/workflows/sqlite.yml"
# tests/toggles/test_image.py and test_image_pipeline.py run it.
FAULTS = ".github/workflows/faults.yml"
IMAGE = ".github/workflows/image.yml"
# tests/updates/test_scheduled.py runs it, because it needs a newer release to be there.
UPDATE = ".github/workflows/update.yml"
WORKFLOWS = {
    "sqlite": {CHECKS, FAULTS, IMAGE, UPDATE},
    "postgres": {CHECKS, FAULTS, IMAGE, ON_SQLITE, UPDATE},
}
PAGE = "docs/how-to/update-by-pull-request.md"
BESIDE = {".github/update.sh", ".github/renovate.json", PAGE}
OF_THE_IMAGE = {
    "deploy/scripts/publish-image.sh",
    "docs/deployment/published-image.md",
}
PIPELINE = ".gitlab-ci.yml"
CHECKING = {"ci/static", "ci/migrations", "ci/tests", "faults/tests", "sqlite/tests"}
# The same words, in tests/suites, which runs them for this variant among others.
RUN_BY_SUITES = {"uv run --no-sync pytest", "uv run --no-sync pytest -m fault"}
FORMS = {
    ".github/CODEOWNERS",
    ".github/ISSUE_TEMPLATE/bug.yml",
    ".github/ISSUE_TEMPLATE/change.yml",
    ".github/ISSUE_TEMPLATE/config.yml",
    ".github/pull_request_template.md",
}


@dataclass(frozen=True)
class Step:
    job: str
    command: str
    env: dict[str, str]


def _steps(project: Path) -> Iterator[Step]:
    for workflow in sorted({*project.glob(".github/workflows/*.yml")} - {project / UPDATE}):
        jobs: dict[str, Any] = yaml.safe_load(workflow.read_text())["jobs"]
        for name, job in jobs.items():
            for step in job["steps"]:
                if "run" in step:
                    yield Step(f"{workflow.stem}/{name}", step["run"], step.get("env", {}))


@pytest.mark.parametrize("database", WORKFLOWS)
def test_only_workflows_and_forms_come_and_go(tmp_path: Path, database: str) -> None:
    answers: dict[str, Any] = {"database": database, "deployment": ["docker"]}
    without = render(tmp_path / "without", ci="none", **answers)
    with_it = render(tmp_path / "with", ci="github", **answers)

    assert changed(without, with_it) == WORKFLOWS[database] | FORMS | BESIDE | OF_THE_IMAGE
    assert not (without / ".github").exists()


def test_a_workflow_is_copied_byte_for_byte(tmp_path: Path) -> None:
    project = render(tmp_path / "service", ci="github", database="postgres")

    for path in WORKFLOWS["postgres"]:
        assert (project / path).read_bytes() == (ROOT / "template" / path).read_bytes()


def test_it_checks_what_an_owner_checks_before_a_commit(tmp_path: Path) -> None:
    steps = _steps(render(tmp_path / "service", ci="github"))
    checks = {step.command.removeprefix("uv run --no-sync ") for step in steps}

    assert checks >= {
        "ruff check",
        "ruff format --check",
        "mypy",
        "pytest",
        "pytest -m fault",
        "app db upgrade",
        "app db check",
    }


@pytest.mark.parametrize(
    ("database", "settings"),
    [("sqlite", [{}]), ("postgres", [{}, {"TEST_DATABASE_URL": "sqlite"}])],
)
def test_the_tests_run_on_every_database_that_the_service_has(
    tmp_path: Path, database: str, settings: list[dict[str, str]]
) -> None:
    steps = _steps(render(tmp_path / "service", ci="github", database=database))

    assert [step.env for step in steps if step.command.endswith(" pytest")] == settings


@pytest.mark.parametrize("deployment", [[], ["docker"]])
def test_the_pipeline_of_gitlab_is_one_valid_file(tmp_path: Path, deployment: list[str]) -> None:
    without = render(tmp_path / "without", ci="none", deployment=deployment)
    with_it = render(tmp_path / "with", ci="gitlab", deployment=deployment)

    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    run("check-jsonschema", *schema, PIPELINE, cwd=with_it)
    assert changed(without, with_it) == {PIPELINE} | (OF_THE_IMAGE if deployment else set())
    assert ("build-image" in yaml.safe_load((with_it / PIPELINE).read_text())) is bool(deployment)


@pytest.mark.parametrize("database", WORKFLOWS)
def test_gitlab_runs_what_github_runs(tmp_path: Path, database: str) -> None:
    github = render(tmp_path / "github", ci="github", database=database, deployment=["kubernetes"])
    gitlab = render(tmp_path / "gitlab", ci="gitlab", database=database, deployment=["kubernetes"])
    jobs: dict[str, Any] = yaml.safe_load((gitlab / PIPELINE).read_text())
    asking = jobs.pop("update-check")
    commands = [line for job in jobs.values() if "script" in job for line in job["script"]]

    checks = [step.command for step in _steps(github) if step.job in CHECKING]
    assert sorted(commands) == sorted(one for one in checks if one != "uv sync --locked")
    assert "uv sync --locked" in jobs["default"]["before_script"]
    (command,) = asking["script"]
    assert (
        command.replace("check-update", "update") in (gitlab / "docs/how-to/update.md").read_text()
    )
    # What update.sh of GitHub reads the same way.
    assert asking["allow_failure"] == {"exit_codes": 2}


@pytest.mark.suite
def test_every_command_of_the_workflows_succeeds(tmp_path: Path) -> None:
    parts: dict[str, Any] = {"ci": "github", "database": "postgres", "deployment": ["kubernetes"]}
    project = render(tmp_path / "service", preset="minimal", **parts)
    prepare(project)
    # The floors are held there too, and tests/updates/test_growth.py runs all tests on SQLite.
    a_share = {"PYTEST_ADDOPTS": " ".join(("--no-cov", *share(project, 0)))}
    jobs = set()

    for step in _steps(project):
        if step.job not in jobs:
            assert step.command == "uv sync --locked", step.job
            jobs.add(step.job)
        if step.command not in RUN_BY_SUITES or step.env:
            script = ("bash", "-euo", "pipefail", "-c", step.command)
            run(*script, cwd=project, env={"CI": "true", **a_share, **step.env})

    assert jobs == CHECKING
