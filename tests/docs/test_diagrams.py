"""Every diagram of both trees is one that Mermaid's own parser understands."""

import json
import re
from pathlib import Path

import pytest

from tests.support import covering, node
from tests.support.process import run
from tests.support.questions import environment
from tests.support.rendering import ROOT
from tests.support.trees import derived

pytestmark = pytest.mark.needs("npm")

PAGES = [
    path
    for folder in ("docs", "template/docs")
    for path in (ROOT / folder).rglob("*")
    if path.name.endswith((".md", ".md.jinja")) and "```mermaid" in path.read_text()
]
DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_diagram_parses_in_every_variant() -> None:
    found = {
        text for page in PAGES for source in variants(page) for text in DIAGRAM.findall(source)
    }

    errors = parsed(sorted(found))

    assert len(found) >= 10
    assert [error for error in errors if error] == []


def test_the_parser_refuses_what_is_none() -> None:
    whole, torn = parsed(["flowchart TD\n    a[one] --> b\n", "flowchart TD\n    a[one --> b\n"])

    assert whole is None
    assert torn is not None


def variants(page: Path) -> set[str]:
    """The page as each row of the triple-wise array has it; presets are none of their own."""
    source = page.read_text()
    if page.suffix == ".md":
        return {source}
    rows = [row for row in covering.rows("triples") if "preset" not in row]
    template = environment().from_string(source)
    return {template.render(row | derived(row)) for row in rows}


def parsed(texts: list[str]) -> list[str | None]:
    printed = run("node", "diagrams.mjs", cwd=node.tools(), stdin=json.dumps(texts))
    errors: list[str | None] = json.loads(printed.splitlines()[-1])
    return errors
