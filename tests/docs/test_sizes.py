"""A rendered project stays small, and the README says how small."""

from dataclasses import astuple

import pytest

from scripts.size import Size, measure, row
from tests.support.rendering import ROOT, presets

HELD = {
    "minimal": Size(files=190, app=6_600, tooling=1_100, tests=6_500),
    "standard": Size(files=280, app=9_400, tooling=1_100, tests=9_500),
    "enterprise": Size(files=540, app=19_000, tooling=1_100, tests=20_000),
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
