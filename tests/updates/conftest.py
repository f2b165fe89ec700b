from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.figures import FIGURE
from tests.support.history import History, shared_history
from tests.support.projects import Workshop


@pytest.fixture(scope="session")
def history(shared_base: Path) -> History:
    return shared_history(shared_base)


@pytest.fixture(scope="session")
def workshop(history: History) -> Workshop:
    return Workshop(history, history.directory / "renders")


@pytest.fixture
def proved(
    count: Callable[..., None], record_property: Callable[[str, object], None]
) -> Callable[[float], None]:
    """Call it at the end of a test that took a project along one update path."""

    def record(seconds: float) -> None:
        count("update paths proved")
        record_property(f"{FIGURE}one update", round(seconds, 2))

    return record
