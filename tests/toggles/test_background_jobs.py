"""`background_jobs` keeps work in the database and runs it once; without it nothing knows of it."""

import re
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.serving import free_port, served
from tests.support.trees import changed, owned_paths, without_answers

WORD = re.compile(
    r"background_jobs|celery|\barq\b|app worker|JobQueue|core\.jobs|job_row|\b(WORKER|JOBS)_[A-Z]"
)
QUEUES = {"arq": '    "arq~=0.28.0",', "celery": '    "celery~=5.7",'}
LINES = {
    "app/main.py": {
        "from app.api.v1.endpoints import jobs as job_endpoints",
        "from app.features import jobs",
        "from app.services import upkeep",
        "    job_endpoints.install(app, settings)",
        "    own_jobs = [job for domain in installed.DOMAINS for job in domain.jobs]",
        "    jobs.install(app, settings, [*upkeep.JOBS, *own_jobs])",
    },
    "app/cli.py": {
        "from app.commands import jobs",
        "from app.commands import worker",
        "from tooling.new import job as new_job",
        'cli.command("worker")(worker.worker)',
        'cli.add_typer(jobs.cli, name="jobs")',
        'new.cli.command("job")(new_job.job)',
    },
    ".env.example": {
        "# JOBS_CONCURRENCY=10",
        "# JOBS_RETENTION_DAYS=7",
        "# WORKER_SHUTDOWN_SECONDS=20",
        "# WORKER_HEALTH_FILE=/tmp/worker.alive",
    },
}
REGISTRATION = {
    "email": "ada@example.com",
    "username": "ada",
    "password": "seventeen-green-lighthouses",
}
PATIENCE_SECONDS = 30


@pytest.mark.parametrize("queue", QUEUES)
def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path, queue: str) -> None:
    answers: dict[str, Any] = {"redis": True, "deployment": [], "telemetry": []}
    off = render(tmp_path / "off", **answers, background_jobs="none")
    on = render(tmp_path / "on", **answers, background_jobs=queue)
    lines = LINES | {"pyproject.toml": {QUEUES[queue]}}
    absent = set(owned_paths(answers | {"background_jobs": "none"}))
    owned = tuple(absent - set(owned_paths(answers | {"background_jobs": queue})))
    shared = {
        *lines,
        "app/domains/__init__.py",
        "docs/accounts.md",
        "docs/development.md",
        "docs/index.md",
        "docs/deployment.md",
        "docs/redis.md",
        "docs/security/asvs.md",
        "docs/security/decisions.md",
        "tests/api/test_default_deny.py",
        "tests/core/test_deployment_page.py",
        "tests/features/mail/test_faults.py",
        "tests/support/extensions.py",
        "tests/support/mail.py",
    }
    files = changed(off, on) - shared

    assert all(path.startswith(owned) for path in files)
    assert files & set(without_answers(off)) == set()
    for path, added in lines.items():
        if path != "pyproject.toml" or queue != "celery":
            assert _lines(on / path) - _lines(off / path) == added
        assert added <= _lines(on / path)


def test_off_leaves_no_word_of_it(tmp_path: Path) -> None:
    off = render(tmp_path / "off", preset="enterprise", background_jobs="none")

    texts = {path: (off / path).read_text(errors="replace") for path in without_answers(off)}
    assert {path: WORD.findall(text) for path, text in texts.items() if WORD.search(text)} == {}


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_leaves_no_word_of_the_other(tmp_path: Path, queue: str) -> None:
    on = render(tmp_path / "on", preset="enterprise", background_jobs=queue)
    (other,) = set(QUEUES) - {queue}
    word = re.compile(rf"\b{other}\b", re.IGNORECASE)

    texts = {path: (on / path).read_text(errors="replace") for path in without_answers(on)}
    assert {path for path, text in texts.items() if word.search(text)} == set()


@pytest.mark.parametrize("queue", QUEUES)
def test_workers_are_deployed_where_there_are_jobs(tmp_path: Path, queue: str) -> None:
    on = render(tmp_path / "on", preset="enterprise", background_jobs=queue)
    off = render(tmp_path / "off", preset="enterprise", background_jobs="none")

    assert "command: [worker]" in (on / "compose.production.yaml").read_text()
    assert "worker" not in (off / "compose.production.yaml").read_text()
    base = Path("deploy", "kubernetes", "base")
    assert "  - worker.yaml\n" in (on / base / "kustomization.yaml").read_text()
    assert "worker" not in (off / base / "kustomization.yaml").read_text()
    assert (on / base / "worker.yaml").exists()


@pytest.mark.parametrize("queue", QUEUES)
def test_a_mail_is_a_job_that_the_service_runs(tmp_path: Path, queue: str) -> None:
    on = _prepared(tmp_path, queue)

    assert _registered(on) == 202
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "done      1  mail.send" not in (listed := _app(on, "jobs", "list")):
        assert time.monotonic() < deadline, listed
    with pytest.raises(CommandError, match="REDIS_URL: a worker needs one"):
        _app(on, "worker")


def test_without_it_there_is_no_command_and_no_route(tmp_path: Path) -> None:
    off = _prepared(tmp_path, "none")

    assert _registered(off) == 202
    for command in ("jobs", "worker"):
        with pytest.raises(CommandError, match="No such command"):
            _app(off, command)
    assert "/api/v1/jobs" not in _app(off, "openapi")


def _prepared(directory: Path, queue: str) -> Path:
    project = render(
        directory / "service",
        preset="minimal",
        redis=queue != "none",
        background_jobs=queue,
    )
    prepare(project)
    return project


def _registered(project: Path) -> int:
    port = free_port()
    command = f"env REGISTRATION_ENABLED=true .venv/bin/app serve --port {port}"
    with served(command, cwd=project, port=port) as url:
        answer = httpx2.post(f"{url}/api/v1/auth/register", json=REGISTRATION)
    return answer.status_code


def _app(project: Path, *arguments: str) -> str:
    return run(project / ".venv" / "bin" / "app", *arguments, cwd=project)


def _lines(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if line}
