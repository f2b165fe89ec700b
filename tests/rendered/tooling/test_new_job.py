"""`app new job`: what it writes, and what it refuses before it writes anything."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import project
from tooling.new.domain import write_domain
from tooling.new.job import write_job
from tooling.new.names import RefusedError
from tooling.new.registration import with_job

RECORD = "app/domains/specimens/__init__.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    made = project.copied(tmp_path)
    project.write(made / "pyproject.toml", (project.ROOT / "pyproject.toml").read_text())
    write_domain(made, "specimens", ["size:int"])
    return made


def ruff(copy: Path, *words: str) -> int:
    command = [sys.executable, "-m", "ruff", *words, "--no-cache", "app/domains", "tests"]
    return subprocess.run(command, cwd=copy, check=False).returncode


def test_a_job_is_clean_formatted_and_in_the_record_of_its_domain(copy: Path) -> None:
    written = write_job(copy, "specimens", "send_reminder")
    write_job(copy, "specimens", "weigh")

    assert set(written) == {
        RECORD,
        "app/domains/specimens/send_reminder_job.py",
        "tests/domains/specimens/test_send_reminder_job.py",
    }
    assert "jobs=(SEND_REMINDER,WEIGH" in "".join((copy / RECORD).read_text().split())
    assert ruff(copy, "check") == 0
    assert ruff(copy, "format", "--check") == 0


@pytest.mark.slow
def test_its_own_tests_pass(copy: Path) -> None:
    write_job(copy, "specimens", "send_reminder")

    said = project.run_tests(copy, "tests/domains/specimens/test_send_reminder_job.py")

    assert "2 passed" in said, said


@pytest.mark.parametrize(
    ("domain", "name", "sentence"),
    [
        ("specimens", "Send", "is not a name"),
        ("specimens", "../send", "is not a name"),
        ("crucibles", "send", "there is no domain crucibles"),
        ("s" * 30, "s" * 30 + "x", "longer than 30"),
    ],
)
def test_what_cannot_be_made_is_a_sentence(
    copy: Path, domain: str, name: str, sentence: str
) -> None:
    with pytest.raises(RefusedError, match=sentence):
        write_job(copy, domain, name)


def test_a_job_is_not_written_twice(copy: Path) -> None:
    write_job(copy, "specimens", "weigh")

    with pytest.raises(RefusedError, match="is there already"):
        write_job(copy, "specimens", "weigh")


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("DOMAIN = make()\n", "no longer a line"),
        ("DOMAIN = Domain(install=install, jobs=JOBS)\n", "is no tuple"),
        ("DOMAIN = Domain(install)\n", "no longer the shape"),
    ],
)
def test_a_record_of_another_shape_is_left_alone(source: str, sentence: str) -> None:
    with pytest.raises(RefusedError, match=sentence):
        with_job(source, "specimens", "weigh")
