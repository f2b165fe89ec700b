import pytest

from tests.features.second_factor.support import mid_step
from tests.support.time_travel import stand_still


@pytest.fixture(autouse=True)
def _steady_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    stand_still(monkeypatch, mid_step())
