"""`app oauth`: which secret works, and a login step by step without a database of one's own."""

from pathlib import Path

import pytest
from typer.testing import CliRunner
from typer.testing import Result

from app import installed
from app.cli import cli
from app.core.domain import Domain
from tests.features.oauth.conftest import ACME
from tests.features.oauth.conftest import NAME
from tests.features.oauth.stub import CLIENT_ID
from tests.features.oauth.stub import SECRET
from tests.features.oauth.stub import Reply
from tests.features.oauth.stub import Stub
from tests.support.databases import Databases


@pytest.fixture(autouse=True)
def configured(monkeypatch: pytest.MonkeyPatch, stub: Stub) -> None:
    domain = Domain(install=lambda app, settings: None, providers=(ACME,))
    monkeypatch.setattr(installed, "DOMAINS", (domain,))
    monkeypatch.setenv("ACME_ISSUER", stub.url)
    monkeypatch.setenv("ACME_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("ACME_CLIENT_SECRET", SECRET)


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["oauth", *words])


def test_check_names_the_secret_that_works_and_the_one_that_may_go(
    stub: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_CLIENT_SECRET_PREVIOUS", "the old one")

    only_new = run("check")
    stub.secrets = ["the old one"]
    only_old = run("check")
    stub.secrets = []
    none = run("check")

    assert only_new.output.splitlines() == [
        "acme: ACME_CLIENT_SECRET works",
        "acme: ACME_CLIENT_SECRET_PREVIOUS may go once every instance runs with ACME_CLIENT_SECRET",
    ]
    assert only_old.output == "acme: ACME_CLIENT_SECRET_PREVIOUS works\n"
    assert (only_new.exit_code, only_old.exit_code, none.exit_code) == (0, 0, 1)
    assert SECRET not in only_new.output + only_old.output + none.output


def test_debug_walks_through_a_login_and_shows_no_secret(stub: Stub, tmp_path: Path) -> None:
    result = run("debug", NAME)

    assert result.exit_code == 0, result.output
    assert f"discovery: {stub.url}" in result.output
    assert "keys: first" in result.output
    assert "state=***&" in result.output
    assert "token endpoint: ACME_CLIENT_SECRET works" in result.output
    assert SECRET not in result.output
    assert list(tmp_path.rglob("*.db")) == []


def test_debug_provisions_an_empty_database(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = databases.create_empty(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)

    result = run("debug", NAME)
    databases.drop(url)

    assert result.exit_code == 0


def test_debug_says_at_which_step_it_failed(stub: Stub) -> None:
    stub.paths["/keys"] = lambda: Reply(b"", 500)

    result = run("debug", NAME)

    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "failed: provider_answered_an_error"


def test_debug_of_a_provider_that_is_off_names_the_setting() -> None:
    assert "NOWHERE_CLIENT_ID" in str(run("debug", "nowhere").exception)
