"""`app new provider`: what it writes, and what it refuses before it writes anything."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from app import installed
from app.domains import Domain
from app.features.federation.port import Provider, openid_identity
from tests.support import project
from tests.support.command_line import App
from tooling.new.domain import write_domain
from tooling.new.names import RefusedError
from tooling.new.provider import write_provider

PAGE = project.ROOT / "docs" / "how-to" / "sign-in-through-providers.md"
INSTALLED = "app/installed.py"
RECORD = "app/domains/zeta_id/__init__.py"
SEEDED = """from app.domains import Domain

DOMAINS: tuple[Domain, ...] = ()
"""
WRITTEN = {INSTALLED, RECORD, "tests/domains/zeta_id/test_zeta_id.py"}


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the template's part alone: what an owner has installed is not known to it."""
    monkeypatch.setattr(installed, "DOMAINS", ())
    made = project.copied(tmp_path)
    project.write(made / "pyproject.toml", (project.ROOT / "pyproject.toml").read_text())
    project.write(made / INSTALLED, SEEDED)
    return made


def files(root: Path) -> dict[str, bytes]:
    """What is not bytecode or a cache."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and "cache" not in str(path.relative_to(root))
    }


def ran(copy: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *words],
        cwd=copy,
        env=project.environment(copy),
        capture_output=True,
        text=True,
        timeout=project.TIMEOUT_SECONDS,
        check=False,
    )


def test_a_provider_is_clean_formatted_and_the_only_change(copy: Path) -> None:
    before = files(copy)

    written = write_provider(copy, "zeta_id", 'Zeta "ID" \\ größer')

    after = files(copy)
    assert set(written) == WRITTEN
    assert {path for path in after if before.get(path) != after[path]} == WRITTEN
    assert set(before) - set(after) == set()
    assert "(zeta_id.DOMAIN,)" in (copy / INSTALLED).read_text()
    for words in (("check",), ("format", "--check")):
        done = ran(copy, "ruff", *words, "--no-cache", "app/domains", "app/installed.py", "tests")
        assert done.returncode == 0, done.stdout


def test_it_is_what_the_page_shows(copy: Path) -> None:
    section = PAGE.read_text().partition("## Add a provider\n")[2]
    record, registration = re.findall(r"^```python\n(.*?)^```$", section, re.M | re.S)

    write_provider(copy, "acme", "Acme")

    assert (copy / "app/domains/acme/__init__.py").read_text() == record
    assert (copy / INSTALLED).read_text() == registration


def test_users_read_the_name_where_none_is_given(copy: Path) -> None:
    write_provider(copy, "zeta_id")

    assert 'display_name="Zeta id"' in (copy / RECORD).read_text()


def test_a_domain_and_a_provider_stand_beside_each_other(copy: Path) -> None:
    write_domain(copy, "specimens", ["size:int"])
    write_provider(copy, "zeta_id")

    listed = re.findall(r"(\w+)\.DOMAIN", (copy / INSTALLED).read_text())
    assert listed == ["specimens", "zeta_id"]


@pytest.mark.slow
def test_its_own_tests_pass(copy: Path) -> None:
    made, output = project.run(copy, "new", "provider", "zeta_id", "--display-name", "Zeta")

    said = project.run_tests(copy, "tests/domains/zeta_id")

    assert made == 0, output
    assert "/api/v1/auth/callback/zeta_id" in output
    assert "2 passed" in said, said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["Zeta"], "is not a name"),
        (["zeta-id"], "is not a name"),
        (["../zeta"], "is not a name"),
        (["zeta\n"], "is not a name"),
        (["z" * 31], "longer than 30"),
        (["import"], "a word of Python"),
        (["google"], "a provider of the template"),
        (["oidc"], "a provider of the template"),
        (["local"], "a provider of the template"),
        (["mail"], "settings of the service begin with MAIL_"),
        (["jwt"], "settings of the service begin with JWT_"),
        (["zeta", "--display-name", ""], "1 to 50 characters"),
        (["zeta", "--display-name", "z" * 51], "1 to 50 characters"),
        (["zeta", "--display-name", "Zeta\nID"], "1 to 50 characters"),
        (["zeta", "--display-name", " Zeta"], "no space before or after"),
    ],
)
def test_what_cannot_be_made_is_a_sentence(app: App, words: list[str], sentence: str) -> None:
    before = (project.ROOT / INSTALLED).read_bytes()

    result = app("new", "provider", *words)

    assert result.exit_code == 1
    assert sentence in result.output
    assert (project.ROOT / INSTALLED).read_bytes() == before


def test_a_provider_is_not_written_twice(copy: Path) -> None:
    write_provider(copy, "zeta_id")
    before = files(copy)

    with pytest.raises(RefusedError, match="is there already"):
        write_provider(copy, "zeta_id")

    assert files(copy) == before


def test_a_provider_of_another_domain_has_its_name(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Provider(name="zeta_id", display_name="Zeta", identify=openid_identity)
    domain = Domain(install=lambda app, settings: None, providers=(theirs,))
    monkeypatch.setattr(installed, "DOMAINS", (domain,))

    with pytest.raises(RefusedError, match="there is a provider zeta_id already"):
        write_provider(copy, "zeta_id")


def test_a_file_of_another_shape_is_left_to_its_owner(copy: Path) -> None:
    project.write(copy / INSTALLED, "DOMAINS = make()\n")
    before = files(copy)

    with pytest.raises(RefusedError, match="write the domain in by hand"):
        write_provider(copy, "zeta_id")

    assert files(copy) == before
