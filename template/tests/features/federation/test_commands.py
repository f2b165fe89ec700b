"""`app oauth check`: which secret works, and which one may go."""

import pytest
from typer.testing import CliRunner, Result

from app.cli import cli
from tests.features.federation.stub import SECRET, Stub

pytestmark = pytest.mark.usefixtures("acme_in_environment")


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


def test_debug_of_a_provider_that_is_off_names_the_setting() -> None:
    assert "NOWHERE_CLIENT_ID" in str(run("debug", "nowhere").exception)
