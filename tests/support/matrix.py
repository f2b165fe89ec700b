"""Rows of the pair-wise array as jobs of CI, and the option that selects one of them.

`uv run python -m tests.support.matrix` prints the rows as JSON; `pytest tests/suites --row LABEL`
runs the tests of one, and `--row none` those that belong to no row.
"""

import json

import pytest

from tests.support import covering

NO_ROW = "none"


def labels() -> list[str]:
    """Every row of the suites once, by the id that pytest gives its tests."""
    return [covering.label(row) for row in covering.rows("pairs")]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--row",
        metavar="LABEL",
        choices=[NO_ROW, *labels()],
        help="run the suites of one row of the pair-wise array, or those of none",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = config.getoption("--row")
    if wanted is None:
        return
    others = [item for item in items if _row(item) != wanted]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if _row(item) == wanted]


def _row(item: pytest.Item) -> str:
    """The label behind a test's parameter `answers`."""
    parameters = getattr(item, "callspec", None)
    answers = parameters.params.get("answers") if parameters else None
    return covering.label(answers) if isinstance(answers, dict) else NO_ROW


if __name__ == "__main__":
    print(json.dumps(labels()))
