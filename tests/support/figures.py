"""A pytest plugin that puts what tests record into the summary.

Under `figure:<what>` they record seconds, which are summed up; under `line:<what>` a line as it is.
"""

from collections import defaultdict
from collections.abc import Iterator

import pytest

FIGURE = "figure:"
LINE = "line:"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    seconds: dict[str, list[float]] = defaultdict(list)
    for name, value in _recorded(terminalreporter, "passed"):
        if name.startswith(FIGURE):
            seconds[name.removeprefix(FIGURE)].append(float(str(value)))
    for what, measured in sorted(seconds.items()):
        measured.sort()
        terminalreporter.write_line(
            f"{what}: median {measured[len(measured) // 2]:.1f} s, "
            f"slowest {measured[-1]:.1f} s of {len(measured)}"
        )
    for outcome in ("passed", "failed"):
        for name, value in _recorded(terminalreporter, outcome):
            if name.startswith(LINE):
                terminalreporter.write_line(str(value))


def _recorded(
    terminalreporter: pytest.TerminalReporter, outcome: str
) -> Iterator[tuple[str, object]]:
    for report in terminalreporter.getreports(outcome):
        if report.when == "call":
            yield from report.user_properties
