"""Fails a complete, green run whose coverage is under the floors; a partial run has none."""

import os

import pytest
from coverage import Coverage
from coverage.exceptions import NoDataError

DEFAULT_SELECTION = "not fault and not slow"
FLOORS = {
    "app/*": 90.0,
    "app/api/v1/endpoints/auth.py": 90.0,
    "app/core/database/sessions.py": 90.0,
    "app/cli.py": 85.0,
}
"""Per cent of lines and branches, by the pattern of the files they are required of."""
PROBLEMS = pytest.StashKey[list[str]]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    config = session.config
    if hasattr(config, "workerinput") or exitstatus != pytest.ExitCode.OK or not _is_whole(config):
        return
    config.stash[PROBLEMS] = problems = list(_under_the_floor())
    if problems:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for problem in terminalreporter.config.stash.get(PROBLEMS, []):
        terminalreporter.write_line(f"ERROR: {problem}", red=True, bold=True)


def _is_whole(config: pytest.Config) -> bool:
    option = config.option
    return (
        config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and option.markexpr == DEFAULT_SELECTION
        and bool(option.cov_source)
        and not option.no_cov
        and not any((option.keyword, option.deselect, option.ignore, option.ignore_glob))
        and not any((option.lf, option.stepwise, option.collectonly))
    )


def _under_the_floor() -> list[str]:
    coverage = Coverage()
    coverage.load()
    problems = []
    for pattern, floor in FLOORS.items():
        try:
            with open(os.devnull, "w") as nowhere:  # noqa: PTH123
                reached = coverage.report(include=[pattern], file=nowhere)
        except NoDataError:
            reached = 0.0
        if reached < floor:
            problems.append(f"coverage of {pattern} is {reached:.1f} %, the floor is {floor:g} %")
    return problems
