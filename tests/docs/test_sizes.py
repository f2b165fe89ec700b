"""A rendered project stays small, and the README says how small."""

from dataclasses import astuple

import pytest

from scripts.size import Size, measure, row
from tests.support.rendering import ROOT, presets

HELD = {
    "minimal": Size(files=230, app=7_250, tooling=1_000, tests=7_850),
    "standard": Size(files=340, app=9_700, tooling=1_000, tests=12_100),
    "enterprise": Size(files=620, app=19_250, tooling=1_100, tests=22_600),
}


@pytest.fixture(scope="module", params=presets())
def preset(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def size(preset: str) -> Size:
    return measure(preset)


def test_a_preset_stays_below_its_bounds(preset: str, size: Size) -> None:
    pairs = zip(astuple(size), astuple(HELD[preset]), strict=True)

    assert all(found <= held for found, held in pairs), size


def test_the_readme_shows_the_sizes(preset: str, size: Size) -> None:
    assert row(preset, size) in (ROOT / "README.md").read_text(), (
        "run `uv run python -m scripts.size` and copy what it prints"
    )
