"""Every variant passes its own tests, its own type check and its own migrations check."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from benchmarks.postgres import running
from tests.support import covering
from tests.support.environment import constrained, locked_versions, prepare, type_check
from tests.support.overlay import lay_over
from tests.support.process import CommandError, run
from tests.support.rendering import ROOT, questions, render, stored_answers
from tests.support.suites import (
    BESIDE_THE_SUITE,
    FLOORS,
    IN_ONE_PROCESS,
    SHARES,
    THOUSANDS_OF_CASES,
    WITH_EVERY_PART,
    WITH_PRESETS,
    share,
)

pytestmark = pytest.mark.suite

PASSED = re.compile(r"(\d+) passed")
ROWS = covering.rows("pairs")
WHOLE = [{"preset": "minimal"}, {"preset": "enterprise"}]
"""Their suites are not shared out."""
FAULTS: list[dict[str, Any]] = [
    {"preset": "minimal", "deployment": ["docker"]},
    {"preset": "enterprise"},
]
"""One on each database. Fault tests are rendered with a deployment."""


@pytest.mark.parametrize("answers", ROWS, ids=covering.label)
def test_a_variant_passes_its_own_checks(
    tmp_path: Path,
    answers: dict[str, Any],
    count: Callable[..., None],
    pytestconfig: pytest.Config,
) -> None:
    project = render(tmp_path / "service", **answers)
    is_chosen = pytestconfig.getoption("--row") is not None
    lay_over(project)
    tests = [] if is_chosen or answers in WHOLE else share(project, ROWS.index(answers))
    traced = is_chosen or answers == WHOLE[0]
    started = time.monotonic()

    output = _told_apart(project, lambda: _check(project, answers, tests, traced=traced))

    if is_chosen:
        cases = _told_apart(project, lambda: _pytest(project, "--no-cov", *THOUSANDS_OF_CASES))
        count("rendered fault and slow tests", _passed(cases))
    count("variants that passed their own checks")
    count("rendered tests", _passed(output))
    count("seconds in rendered checks", round(time.monotonic() - started))


@pytest.mark.fault
@pytest.mark.parametrize("answers", FAULTS, ids=covering.label)
def test_a_variant_survives_its_faults_and_its_long_tests(
    tmp_path: Path, answers: dict[str, Any], count: Callable[..., None]
) -> None:
    chosen = f"{BESIDE_THE_SUITE} and not alone"
    count("rendered fault and slow tests", _pick(tmp_path, answers, chosen, "--numprocesses=2"))


@pytest.mark.fault
@pytest.mark.alone
@pytest.mark.parametrize("answers", FAULTS, ids=covering.label)
def test_a_variant_keeps_its_times_under_faults(
    tmp_path: Path, answers: dict[str, Any], count: Callable[..., None]
) -> None:
    chosen = f"{BESIDE_THE_SUITE} and alone"
    count("rendered fault and slow tests", _pick(tmp_path, answers, chosen))


def test_the_fault_tests_run_on_each_database(tmp_path: Path) -> None:
    projects = [render(tmp_path / str(number), **one) for number, one in enumerate(FAULTS)]
    databases = list(questions()["database"]["choices"].values())
    rendered = {path for project in projects for path in _fault_tests(project)}

    assert [stored_answers(project)["database"] for project in projects] == databases
    assert rendered == _fault_tests(ROOT / "template")


def test_the_rows_share_out_every_test(tmp_path: Path) -> None:
    project = render(tmp_path / "service", preset="enterprise")
    lay_over(project)
    shares = [set(share(project, number)) for number in range(SHARES)]
    tests = {path.relative_to(project).as_posix() for path in project.glob("tests/**/test_*.py")}

    shared: set[str] = set().union(*shares)
    assert sum(map(len, shares)) == len(shared)
    assert {path.split("/")[1] for path in tests - shared} == set(WITH_PRESETS)


def test_constraints_name_every_package_that_a_variant_installs(tmp_path: Path) -> None:
    project = render(tmp_path / "service", preset="enterprise")
    prepare(project)
    named = constrained()

    assert set(locked_versions(project / "uv.lock")) <= named or not named


def _fault_tests(project: Path) -> set[str]:
    return {
        path.relative_to(project).as_posix().removesuffix(".jinja")
        for path in (project / "tests").rglob("test_*.py*")
        if path.suffix != ".pyc" and "mark.fault" in path.read_text()
    }


def _pick(directory: Path, answers: dict[str, Any], chosen: str, *options: str) -> int:
    """Runs the tests of a variant that its suite leaves out and that are marked like that."""
    project = render(directory / "service", **answers)
    lay_over(project)
    prepare(project)
    options += WITH_EVERY_PART if answers["preset"] == "minimal" else ()
    return _passed(
        _told_apart(project, lambda: _pytest(project, "--no-cov", "-m", chosen, *options))
    )


def _check(project: Path, answers: dict[str, Any], tests: list[str], *, traced: bool) -> str:
    prepare(project)
    _uv_run(project, "ruff", "check")
    _uv_run(project, "ruff", "format", "--check")
    with _production_database(project) as url:
        _uv_run(project, "app", "db", "upgrade", env={"DATABASE_URL": url})
        _uv_run(project, "app", "db", "check", env={"DATABASE_URL": url})
    type_check(project)
    if answers not in WHOLE:
        return _pytest(project, *IN_ONE_PROCESS, *tests)
    output = _pytest(project, *(() if traced else ("--no-cov",)))
    if traced:
        for pattern, floor in FLOORS.items():
            _uv_run(project, "coverage", "report", f"--include={pattern}", f"--fail-under={floor}")
    return output


def _pytest(project: Path, *options: str) -> str:
    return _uv_run(project, "pytest", "-q", *options)


def _uv_run(project: Path, *command: str, env: dict[str, str] | None = None) -> str:
    return run("uv", "run", "--no-sync", *command, cwd=project, env=env)


@contextmanager
def _production_database(project: Path) -> Iterator[str]:
    """The URL of an empty database of the kind that the project was rendered for."""
    if stored_answers(project)["database"] == "postgres":
        with running(project) as url:
            yield url
    else:
        yield f"sqlite+aiosqlite:///{project / 'check.db'}"


def _told_apart(project: Path, check: Callable[[], str]) -> str:
    """What the check printed; a failure names the variant."""
    try:
        return check()
    except CommandError as error:
        pytest.fail(f"variant {stored_answers(project)}\n{error}", pytrace=False)


def _passed(output: str) -> int:
    """How many tests passed, when nothing else happened to any."""
    verdict = next(line for line in reversed(output.splitlines()) if PASSED.search(line))
    assert not re.search(r"\d+ (skipped|warnings?|xfailed)\b", verdict), output
    found = PASSED.search(verdict)
    assert found
    return int(found[1])
