"""The page on providers is followed: a provider of one's own takes one file of the owner's."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.support import project

PAGE = project.ROOT / "docs" / "how-to" / "sign-in-through-providers.md"
SECTION = PAGE.read_text().partition("## Add a provider\n")[2]
PROVIDER, INSTALLED = re.findall(r"^```python\n(.*?)^```$", SECTION, re.M | re.S)
DRIVE = """
import asyncio

import httpx2

from app.main import create_app


async def listed():
    transport = httpx2.ASGITransport(create_app())
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.get("/api/v1/auth/providers")).text


print(asyncio.run(listed()))
"""


def test_it_is_on_when_it_has_a_client_id(tmp_path: Path) -> None:
    copy = project.copied(tmp_path)
    project.write(copy / "app" / "domains" / "acme" / "__init__.py", PROVIDER)
    project.write(copy / "app" / "installed.py", INSTALLED)

    without = driven(copy)
    with_it = driven(copy, ACME_CLIENT_ID="x", ACME_ISSUER="https://acme.example")

    assert "acme" not in without
    assert with_it["acme"]["display_name"] == "Acme"


def driven(copy: Path, **variables: str) -> dict[str, dict[str, str]]:
    process = subprocess.run(
        [sys.executable, "-c", DRIVE],
        cwd=copy,
        env=project.environment(copy) | variables,
        capture_output=True,
        text=True,
        timeout=project.TIMEOUT_SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    providers: dict[str, dict[str, str]] = json.loads(process.stdout.splitlines()[-1])["providers"]
    return providers
