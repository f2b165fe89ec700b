"""`background_jobs` keeps work in the database and runs it once; without it nothing knows of it."""

import re
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.serving import free_port, served

WORD = re.compile(
    r"background_jobs|celery|\barq\b|app worker|JobQueue|features\.jobs|\b(WORKER|JOBS)_[A-Z]"
)
QUEUES = {
    "arq": {'    "arq~=0.28.0",'},
    "celery": {'    "celery~=5.7",', 'module = ["celery.*"]'},
}
ALONE = '    "alone: measures time: nothing else runs meanwhile",'
LINES = {
    "app/main.py": {
        "    jobs,",
        "from app.features.audit import jobs as audit_jobs",
        "from app.features.mail import jobs as mail_jobs",
        "    all_jobs = [job for domain in installed.DOMAINS for job in domain.jobs]",
        "    all_jobs += [audit_jobs.PRUNE]",
        "    all_jobs += [mail_jobs.SEND]",
        "    jobs.install(app, settings, all_jobs)",
        "    mail_jobs.install(app)",
    },
    "app/cli.py": {
        "from app.features.jobs import commands as jobs",
        "from app.features.jobs import worker_command",
        'cli.command("worker")(worker_command.worker)',
        'cli.add_typer(jobs.cli, name="jobs")',
    },
    "tooling/commands.py": {
        "from tooling.new import job",
        '    new.cli.command("job")(job.job)',
    },
    "tests/support/extensions.py": {
        '    "tests.features.jobs.idle",',
        '    "tests.support.quiet",',
    },
    ".env.example": {
        "# JOBS_CONCURRENCY=10",
        "# JOBS_RETENTION_DAYS=7",
        "# WORKER_SHUTDOWN_SECONDS=20",
        "# WORKER_HEALTH_FILE=/tmp/worker.alive",
    },
}
REWRITTEN = {
    "app/domains/__init__.py",
    "docs/accounts.md",
    "docs/deployment.md",
    "docs/development.md",
    "docs/index.md",
    "docs/security/asvs.md",
    "docs/security/decisions.md",
    "tests/features/mail/test_commands.py",
    "tests/support/mail.py",
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
    answers["second_factor"] = True  # it needs encryption, as queued mails do
    assert_exactly(
        tmp_path,
        answers | {"background_jobs": "none"},
        answers | {"background_jobs": queue},
        gained=LINES | {"pyproject.toml": {ALONE, *QUEUES[queue]}},
        rewritten=REWRITTEN,
    )


def test_off_leaves_no_word_of_it(tmp_path: Path) -> None:
    off = render(tmp_path / "off", preset="enterprise", background_jobs="none")

    assert mentions(off, WORD) == {}


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_leaves_no_word_of_the_other(tmp_path: Path, queue: str) -> None:
    on = render(tmp_path / "on", preset="enterprise", background_jobs=queue)
    (other,) = set(QUEUES) - {queue}

    assert mentions(on, re.compile(rf"\b{other}\b", re.IGNORECASE)) == {}


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
        registration=True,
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
