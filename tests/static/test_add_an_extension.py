"""The page on adding an extension is followed here, block by block."""

import re
from pathlib import Path

import pytest

from tests.support import covering, questions, rendering
from tests.support.trees import changed

PAGE = (rendering.ROOT / "docs" / "maintaining" / "add-an-extension.md").read_text()
DECLARATION, INCLUDE = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
OWNED = "app/features/webhooks.py"


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The template with the page's example in it."""
    folder = tmp_path / "template"
    rendering.copy_work_tree(folder)
    (folder / "extensions" / "webhooks.yml").write_text(DECLARATION)
    (folder / "copier.yml").write_text((folder / "copier.yml").read_text() + INCLUDE)
    owned = folder / "template" / OWNED
    owned.parent.mkdir(parents=True, exist_ok=True)
    owned.write_text('"""Tells other services of events."""\n')
    return folder


def test_its_file_comes_and_goes_with_the_answer(template: Path, tmp_path: Path) -> None:
    off = rendering.render(tmp_path / "off", template=template)
    on = rendering.render(tmp_path / "on", template=template, webhooks=True)

    assert changed(off, on) == {OWNED}


def test_what_it_forbids_is_refused_and_left_out_of_the_arrays(
    template: Path, tmp_path: Path
) -> None:
    model = questions.load(rendering.questions(template))
    rows = covering.make(model, 2)

    assert {"webhooks": True, "ci": "none"} not in [
        {name: row[name] for name in ("webhooks", "ci")} for row in rows
    ]
    assert covering.missing(model, 2, rows) == []
    with pytest.raises(ValueError, match="recorded payloads in CI"):
        rendering.render(tmp_path / "refused", template=template, webhooks=True, ci="none")
