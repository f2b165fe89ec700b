"""`api_keys`: programs log in with a key of their owner, or there is no such key."""

import json
import re
from pathlib import Path
from typing import Any

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import run
from tests.support.rendering import render

WORD = re.compile(r"api[ _-]?keys?\b|\bak_", re.IGNORECASE)
# Both name the words of secrets, whatever the service has.
ALLOWED = {"app/core/logging/setup.py", "tests/core/logging/test_logging.py"}
LINES = {"app/main.py": {"    api_keys,", "    api_keys.install(app, settings)"}}
PAGES = {"docs/accounts.md", "docs/how-to/rotate-keys.md", "docs/security/decisions.md"}


def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path) -> None:
    assert_exactly(tmp_path, {"api_keys": False}, {"api_keys": True}, gained=LINES, rewritten=PAGES)


def test_off_leaves_no_word_of_it(tmp_path: Path) -> None:
    off = render(tmp_path / "off", preset="enterprise", api_keys=False)

    assert mentions(off, WORD, allowed_in=ALLOWED) == {}


def test_its_route_and_its_token_are_in_the_schema_only_with_it(tmp_path: Path) -> None:
    without, with_it = [schema(tmp_path / str(on), api_keys=on) for on in (False, True)]

    assert set(with_it["paths"]) - set(without["paths"]) == {
        "/api/v1/api-keys",
        "/api/v1/api-keys/{key_id}",
    }
    assert "API key" not in json.dumps(without)
    assert "API key" in json.dumps(with_it["components"]["securitySchemes"])


def schema(directory: Path, **answers: Any) -> dict[str, Any]:
    project = render(directory, preset="minimal", **answers)
    prepare(project)
    found: dict[str, Any] = json.loads(run(project / ".venv/bin/app", "openapi", cwd=project))
    return found
