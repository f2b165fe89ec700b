"""`idempotency_keys`: a repeated request gets the first answer, or has its effect again."""

import re
from pathlib import Path

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.process import run
from tests.support.rendering import render
from tests.support.serving import free_port, served

WORD = re.compile(r"idempotency|stored_answers|StoredAnswer", re.IGNORECASE)
LINES = {"app/main.py": {"    idempotency,", "    idempotency.install(app, settings)"}}
PAGES = {"docs/development.md", "docs/security/decisions.md"}
SENTENCE = "a long enough passphrase"


def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path) -> None:
    assert_exactly(
        tmp_path,
        {"idempotency_keys": False},
        {"idempotency_keys": True},
        gained=LINES,
        rewritten=PAGES,
    )


def test_off_leaves_no_word_of_it(tmp_path: Path) -> None:
    off = render(tmp_path / "off", preset="enterprise", idempotency_keys=False)

    assert mentions(off, WORD) == {}


@pytest.mark.parametrize(("is_on", "second"), [(False, 409), (True, 201)])
def test_a_repeated_request_is_answered_again_only_with_it(
    tmp_path: Path, is_on: bool, second: int
) -> None:
    project = render(tmp_path / "service", preset="minimal", idempotency_keys=is_on)
    prepare(project)
    (tmp_path / "password").write_text(SENTENCE)
    command = project / ".venv/bin/app"
    account = ("--email", "a@example.com", "--username", "admin")
    run(command, "setup", *account, "--password-file", str(tmp_path / "password"), cwd=project)
    port = free_port()
    with served(f".venv/bin/app serve --port {port}", cwd=project, port=port) as url:
        login = {"username": "admin", "password": SENTENCE}
        tokens = httpx2.post(f"{url}/api/v1/auth/login", json=login).json()
        headers = {
            "Authorization": f"Bearer {tokens['access_token']}",
            "Idempotency-Key": "key-1",
        }
        role = {"name": "support", "permissions": []}
        answers = [httpx2.post(f"{url}/api/v1/roles", json=role, headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, second]
    assert ("Idempotency-Replayed" in answers[1].headers) == is_on
