"""The schema of a service is clean under Spectral, with OWASP's rules for APIs."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import node
from tests.support.environment import prepare
from tests.support.process import run
from tests.support.rendering import render

pytestmark = pytest.mark.needs("npm")

RULES = {"minimal": "spectral-unlimited.yaml", "enterprise": "spectral.yaml"}


@pytest.mark.parametrize("preset", RULES)
def test_the_schema_breaks_no_rule(tmp_path: Path, preset: str) -> None:
    project = render(tmp_path / "service", preset=preset)
    prepare(project)
    headers = {"RATE_LIMIT_HEADERS_ENABLED": "true"}
    schema = run("uv", "run", "--no-sync", "app", "openapi", cwd=project, env=headers)

    assert broken(schema, RULES[preset], tmp_path) == []


def test_a_schema_that_breaks_some_is_told_which(tmp_path: Path) -> None:
    operation = {"responses": {"200": {"description": "OK"}}}
    schema = {
        "openapi": "3.1.0",
        "info": {"title": "torn", "version": "1"},
        "paths": {"/": {"get": operation}},
    }

    found = broken(json.dumps(schema), "spectral.yaml", tmp_path)

    assert {"owasp:api4:2023-rate-limit", "operation-operationId"} <= set(found)


def broken(schema: str, rules: str, directory: Path) -> list[str]:
    """The code of each finding."""
    document, report = directory / "openapi.json", directory / "findings.json"
    document.write_text(schema)
    tools = node.tools()
    options = ("--ruleset", rules, "--format", "json", "--output", str(report), "--quiet")
    spectral = tools / "node_modules" / ".bin" / "spectral"
    run(
        "bash", "-c", '"$@" || [ -s "$0" ]', report, spectral, "lint", *options, document, cwd=tools
    )
    findings: list[dict[str, Any]] = json.loads(report.read_text())
    return [str(finding["code"]) for finding in findings]
