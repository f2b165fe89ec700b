"""`app oauth debug`: a whole login, step by step. `app oauth check`: which secret works."""

import re
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from tests.features.federation.conftest import NAME
from tests.features.federation.stub import OTHER_KEY, SECRET, Reply, Stub
from tests.support.databases import Databases

pytestmark = pytest.mark.usefixtures("acme_in_environment")

CALLBACK = f"/api/v1/auth/callback/{NAME}"
START_SECONDS = 60


@pytest.fixture
def port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        free: int = listener.getsockname()[1]
    return free


def debug(*options: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(cli, ["oauth", "debug", NAME, *options], input=typed)


def walked(stub: Stub, port: int, **answer: str) -> Result:
    """With a browser that goes where it is sent, and comes back with what the provider said."""
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(debug, "--port", str(port), "--timeout", "60")
        away = sent_away(port)
        query = urlencode(stub.authorized(away) | answer)
        back = httpx2.get(f"http://127.0.0.1:{port}{CALLBACK}?{query}")
        assert "terminal" in back.text
        return result.result()


def sent_away(port: int) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with suppress(httpx2.TransportError):
            answer = httpx2.get(f"http://127.0.0.1:{port}/")
            if answer.is_redirect:
                return str(answer.headers["location"])
        time.sleep(0.05)
    raise AssertionError(f"nobody listens on {port}")


def test_a_login_is_walked_to_its_end_and_no_secret_is_shown(stub: Stub, port: int) -> None:
    result = walked(stub, port, iss=stub.url)

    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert f"discovery: {stub.url}" in lines
    assert "keys: first" in lines
    assert "token endpoint: ACME_CLIENT_SECRET works" in lines
    assert f"callback: code=*** iss={stub.url} state=***" in lines
    assert "claims: verified" in lines
    assert "  email=ada@example.com" in lines
    assert lines[-2:] == [
        f"identity: the subject of {stub.url}",
        "  email: ada@example.com, verified",
    ]
    secrets = [SECRET, "code0", "access2", "refresh2", "eyJ", stub.nonces["code0"]]
    secrets += [stub.challenges["code0"], stub.forms[-1]["code_verifier"]]
    assert [secret for secret in secrets if secret in result.output] == []


def test_the_database_is_a_temporary_file_where_none_is_configured(
    stub: Stub, port: int, tmp_path: Path
) -> None:
    result = walked(stub, port)

    assert result.exit_code == 0, result.output
    assert list(tmp_path.rglob("*.db")) == []


def test_an_empty_database_is_provisioned(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stub: Stub, port: int
) -> None:
    url = databases.create_empty(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)

    result = walked(stub, port)
    databases.drop(url)

    assert result.exit_code == 0, result.output


def test_an_address_that_is_pasted_ends_the_login_too(
    stub: Stub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    base_url = "https://service.example.org"
    monkeypatch.setenv("OAUTH_CALLBACK_BASE_URL", base_url)

    def pasted(*_: Any, **__: Any) -> str:
        [away] = re.findall("^open (.+)$", capsys.readouterr().out, re.MULTILINE)
        return f"{base_url}{CALLBACK}?{urlencode(stub.authorized(away))}\n"

    monkeypatch.setattr("typer.prompt", pasted)
    cli(["oauth", "debug", NAME, "--paste"], standalone_mode=False)

    assert f"identity: the subject of {stub.url}" in capsys.readouterr().out
    assert stub.forms[-1]["redirect_uri"] == f"{base_url}{CALLBACK}"


def test_an_address_of_another_login_is_refused(stub: Stub) -> None:
    result = debug("--paste", typed="https://service.example.org/callback?state=of+another&code=x")

    assert "invalid_grant" not in result.output
    assert result.output.splitlines()[-1] == (
        "failed: This login is not under way in this browser."
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"claims": {"aud": "another client"}}, "invalid_claim: Invalid claim: 'aud'"),
        ({"claims": {"nonce": "of another login"}}, "invalid_claim: Invalid claim: 'nonce'"),
        ({"key": OTHER_KEY}, "bad_signature: "),
    ],
)
def test_what_is_wrong_with_an_id_token_is_named(
    stub: Stub, port: int, change: dict[str, object], reason: str
) -> None:
    for name, value in change.items():
        setattr(stub, name, value)

    result = walked(stub, port)

    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == f"failed: provider_answer_invalid: {reason}"


def test_an_answer_of_another_issuer_is_refused(stub: Stub, port: int) -> None:
    result = walked(stub, port, iss="https://other.example")

    assert result.output.splitlines()[-1] == "failed: issuer_mismatch"
    assert "tokens:" not in result.output


def test_it_says_at_which_step_it_failed(stub: Stub) -> None:
    stub.paths["/keys"] = lambda: Reply(b"", 500)

    result = debug()

    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "failed: provider_answered_an_error"


def test_a_browser_that_never_comes_ends_it_in_time(port: int) -> None:
    result = debug("--port", str(port), "--timeout", "1")

    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "failed: no browser came back in time"


def test_without_a_timeout_it_stops_before_the_login(stub: Stub) -> None:
    result = debug("--timeout", "0")

    assert result.exit_code == 0
    assert result.output.splitlines()[-1] == "token endpoint: ACME_CLIENT_SECRET works"


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        result = debug("--port", str(port))

    assert result.output.splitlines()[-1] == (
        f"failed: 127.0.0.1:{port} is taken, choose another with --port"
    )


def test_a_provider_that_is_off_is_named_by_its_setting() -> None:
    result = CliRunner().invoke(cli, ["oauth", "debug", "nowhere"])

    assert "NOWHERE_CLIENT_ID" in str(result.exception)


def check() -> Result:
    return CliRunner().invoke(cli, ["oauth", "check"])


def test_check_names_the_secret_that_works_and_the_one_that_may_go(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_CLIENT_SECRET_PREVIOUS", "the old one")

    only_new = check()
    stub.secrets = ["the old one"]
    only_old = check()
    stub.secrets = []
    none = check()

    assert only_new.output.splitlines() == [
        "acme: ACME_CLIENT_SECRET works",
        "acme: ACME_CLIENT_SECRET_PREVIOUS may go once every instance runs with ACME_CLIENT_SECRET",
    ]
    assert only_old.output == "acme: ACME_CLIENT_SECRET_PREVIOUS works\n"
    assert (only_new.exit_code, only_old.exit_code, none.exit_code) == (0, 0, 1)
    assert SECRET not in only_new.output + only_old.output + none.output
