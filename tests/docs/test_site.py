"""The docs site of a rendered project: built without a network, and looked at in a browser."""

import os
import shutil
from pathlib import Path

import pytest

from tests.rendered.support.browser import COMMAND, page
from tests.support import node
from tests.support.environment import prepare
from tests.support.process import run
from tests.support.rendering import render

# A proxy that nobody serves: whatever asks for another machine fails.
NO_NETWORK = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
BUILD = ("uv", "run", "--no-sync", "--group", "docs", "mkdocs", "build", "--strict")
MERMAID = "node_modules/mermaid/dist/mermaid.min.js"


@pytest.fixture(scope="module")
def enterprise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed(tmp_path_factory.mktemp("site") / "service", "enterprise")


def installed(directory: Path, preset: str) -> Path:
    project = render(directory, preset=preset)
    prepare(project)
    run("uv", "sync", "--locked", "--quiet", "--group", "docs", cwd=project)
    return project


def build(project: Path, *options: str) -> Path:
    run(*BUILD, "--quiet", *options, cwd=project, env=NO_NETWORK)
    return project / "site"


def test_it_has_what_is_read_off_the_code(enterprise: Path) -> None:
    site = build(enterprise)

    reference = (site / "reference.html").read_text()
    assert "OKTA_CLIENT_SECRET" in reference
    assert "POST /api/v1/auth/authorize" in reference
    assert "app.core.database" in (site / "architecture.html").read_text()
    assert not any("<!-- generated" in page.read_text() for page in site.rglob("*.html"))


def test_a_project_with_nothing_optional_has_a_site_without_a_word_of_it(tmp_path: Path) -> None:
    site = build(installed(tmp_path / "service", "minimal"))

    reference = (site / "reference.html").read_text()
    assert "SECRET_KEY" in reference
    assert "OKTA_CLIENT_SECRET" not in reference
    assert "POST /api/v1/auth/token" in reference
    assert "/api/v1/auth/authorize" not in reference
    assert "Identity provider" not in (site / "architecture.html").read_text()


@pytest.mark.needs(COMMAND)
@pytest.mark.needs("npm")
def test_a_browser_draws_its_diagrams(enterprise: Path, tmp_path: Path) -> None:
    """With Mermaid from the tools of the tests: the page itself would fetch it."""
    shutil.copy2(node.tools() / MERMAID, enterprise / "docs" / "mermaid.min.js")
    config = enterprise / "with-mermaid.yml"
    config.write_text("INHERIT: mkdocs.yml\nextra_javascript: [mermaid.min.js]\n")
    site = build(enterprise, "--config-file", config.name)
    pictures = Path(os.environ.get("SCREENSHOTS_DIR", tmp_path))

    with page(tmp_path / "profile") as browser:
        browser.open((site / "index.html").as_uri())
        title = browser.text("h1")
        browser.screenshot(pictures / "site-index.png")
        browser.open((site / "architecture.html").as_uri())
        browser.text("div.mermaid")
        browser.screenshot(pictures / "site-architecture.png")
        browser.open((site / "reference.html").as_uri())
        table = browser.text("table")
        browser.screenshot(pictures / "site-reference.png")

    assert title.startswith("My Service")
    assert table.startswith("status")
    assert browser.complaints == []
    assert [url for url in browser.requested if not url.startswith(("file:", "data:"))] == []
