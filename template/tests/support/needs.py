"""`needs(tool)`: without the tool a test is left out and named; REQUIRE_TOOLS=1 makes it fail."""

import os
import shutil

import pytest

LEFT_OUT = pytest.StashKey[dict[str, set[str]]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(tool): a command that must be on the PATH")
    config.stash[LEFT_OUT] = {}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("REQUIRE_TOOLS") == "1":
        return
    absent = {item: tool for item in items if (tool := _absent_tool(item))}
    for item, tool in absent.items():
        config.stash[LEFT_OUT].setdefault(tool, set()).add(item.nodeid)
    config.hook.pytest_deselected(items=list(absent))
    items[:] = [item for item in items if item not in absent]


def pytest_runtest_setup(item: pytest.Item) -> None:
    if tool := _absent_tool(item):
        pytest.fail(f"REQUIRE_TOOLS=1, but {tool} is not on the PATH", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for tool, tests in sorted(terminalreporter.config.stash[LEFT_OUT].items()):
        terminalreporter.write_line(f"left out, {tool} is absent: {', '.join(sorted(tests))}")


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object, error: object) -> None:
    """A worker's list: all workers collect the same tests."""
    output: dict[str, dict[str, list[str]]] = getattr(node, "workeroutput", {})
    config: pytest.Config = node.config  # type: ignore[attr-defined]
    for tool, tests in output.get("left_out", {}).items():
        config.stash[LEFT_OUT].setdefault(tool, set()).update(tests)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        left_out = session.config.stash[LEFT_OUT]
        session.config.workeroutput["left_out"] = {
            tool: sorted(tests) for tool, tests in left_out.items()
        }


def _absent_tool(item: pytest.Item) -> str | None:
    tools = [str(mark.args[0]) for mark in item.iter_markers("needs")]
    return next((tool for tool in tools if shutil.which(tool) is None), None)
