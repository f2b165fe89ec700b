"""The documentation page in a real browser: under its policy, with its login."""

import asyncio
import os
from pathlib import Path

import pytest

from app.core.project import project
from tests.support.browser import COMMAND, page
from tests.support.factories import PASSWORD, make_user
from tests.support.server import serving
from tests.support.service import running

pytestmark = pytest.mark.needs(COMMAND)

USERNAME = "ada"
ME = "#operations-users-read_me"


@pytest.fixture
def account(database_url: str) -> None:
    async def make() -> None:
        async with running(database_url=database_url) as service:
            await make_user(service, username=USERNAME)

    asyncio.run(make())


def test_somebody_logs_in_and_tries_a_route(
    database_url: str, account: None, tmp_path: Path
) -> None:
    pictures = Path(os.environ.get("SCREENSHOTS_DIR", tmp_path))
    with serving(database_url) as server, page(tmp_path / "profile") as docs:
        docs.open(f"{server.url}/docs")
        title = docs.text(".info .title")
        docs.click("button.authorize")
        docs.type("#oauth_username", USERNAME)
        docs.type("#oauth_password", PASSWORD)
        docs.click(".modal-ux button.authorize")
        logged_in = docs.text(".modal-ux .auth-container h6")
        docs.screenshot(pictures / "docs-authorized.png")
        docs.click(".modal-ux .btn-done")
        docs.click(f"{ME} .opblock-summary-control")
        docs.click(f"{ME} .try-out__btn")
        docs.click(f"{ME} .execute")
        status = docs.text(f"{ME} .live-responses-table .response .response-col_status")
        docs.screenshot(pictures / "docs-tried.png")

    assert title.split()[0] == project().name
    assert logged_in == "Authorized"
    assert status.split()[0] == "200"
    assert docs.complaints == []
    assert {url for url in docs.requested if not url.startswith((server.url, "data:"))} == set()
