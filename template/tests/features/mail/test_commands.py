"""Commands that tell the owner of an account by mail."""

import asyncio
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from tests.support.command_line import App
from tests.support.factories import make_user
from tests.support.service import running


def test_a_password_that_an_operator_sets_is_told(
    app: App, configured: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def exists() -> str:
        async with running(database_url=configured) as service:
            return (await make_user(service)).email

    email = asyncio.run(exists())
    monkeypatch.setenv("MAIL_URL", f"file://{tmp_path}/mail")

    app("users", "set-password", email, "--password-stdin", stdin="plum otter violin seventy\n")

    (path,) = (tmp_path / "mail").iterdir()
    received = message_from_bytes(path.read_bytes(), policy=default)
    assert received["To"] == email
    assert received["Subject"].endswith("your password was changed")
