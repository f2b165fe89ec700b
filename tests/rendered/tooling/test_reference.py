"""The pages that are read off the code, and the tables in them."""

import re

import pytest

from app import main
from tests.support import isolation
from tests.support.command_line import App
from tests.support.project import ROOT
from tests.support.service import Service
from tooling import reference

GENERATED = {"settings", "routes", "parts"}
SETTING = re.compile(r"^\| `([A-Z_0-9]+)` \| (.+) \| (.*) \| (.*) \|$", re.MULTILINE)


def test_every_setting_is_listed_with_what_it_takes_and_means(app: App) -> None:
    listed = {name: (takes, means) for name, takes, _, means in SETTING.findall(printed(app))}

    assert listed.keys() >= {name.upper() for name in isolation.setting_names("app.")}
    owners = {name.upper() for name in isolation.setting_names("app.domains.")}
    ours = {name: row for name, row in listed.items() if name not in owners}
    assert [name for name, (takes, means) in ours.items() if not takes or not means] == []


@pytest.mark.parametrize(
    "row",
    [
        "| `ENVIRONMENT` | `development`, `test`, `production` | `development` |",
        "| `REFRESH_REUSE_GRACE_SECONDS` | a whole number from 0 to 10 | `0` |",
        "| `SECRET_KEY` | a secret |  |",
        "| `SECURITY_CSP_ENABLED` | `true` or `false` | `true` |",
        "| `TRUSTED_HOSTS` | a list with commas |  |",
    ],
)
def test_a_row_says_the_kind_the_bounds_and_the_default(app: App, row: str) -> None:
    assert row in printed(app)


def test_every_route_is_listed(service: Service) -> None:
    listed = reference.routes_reference()

    for path, methods in service.app.openapi()["paths"].items():
        for method in methods:
            assert f"`{method.upper()} {path}`" in listed


def test_the_parts_are_listed_in_the_order_of_their_installation() -> None:
    listed = re.findall(r"^\| `([\w.]+)` \| \S", reference.parts_reference(), re.M)
    source = (ROOT / "app" / "main.py").read_text()

    installed = re.findall(r"^    (\w+)\.install\(app\b", source, re.M)
    parts = [vars(main).get(name) for name in installed]
    assert listed == [part.__name__ for part in parts if part is not None]


def test_a_page_gets_its_tables_and_keeps_its_text() -> None:
    page = reference.on_page_markdown("before\n\n<!-- generated: parts -->\n\nafter\n", page=None)

    assert page.startswith("before\n\n| part |")
    assert page.endswith("|\n\nafter\n")


def test_every_place_on_a_page_is_one_that_can_be_filled() -> None:
    pages = [path.read_text() for path in (ROOT / "docs").rglob("*.md")]
    named = {name for page in pages for name in reference.PLACE.findall(page)}

    assert named == set(reference.MAKERS) == GENERATED


def printed(app: App) -> str:
    result = app("config", "reference")
    assert result.exit_code == 0, result.output
    return result.stdout
