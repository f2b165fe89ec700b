"""`app doctor` against real git repositories: what it finds, and what it lets pass."""

import asyncio
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from sqlalchemy.engine import make_url
from typer.testing import CliRunner

from app.core.database import migrations
from tooling import doctor

IDENTITY = ("-c", "user.name=Tests", "-c", "user.email=tests@example.com")


def git(path: Path, *arguments: str) -> str:
    command = ["git", *IDENTITY, *arguments]
    return subprocess.run(command, cwd=path, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """A template with the releases 0.9.0 and 0.10.0."""
    path = tmp_path / "template"
    path.mkdir()
    git(path, "init", "--quiet")
    for version in ("0.9.0", "0.10.0"):
        git(path, "commit", "--quiet", "--allow-empty", "--message", version)
        git(path, "tag", f"v{version}")
    return path


@pytest.fixture
def project(tmp_path: Path, template: Path) -> Path:
    """A committed project of the newest release."""
    path = tmp_path / "project"
    (path / "app" / "core").mkdir(parents=True)
    (path / "app" / "core" / "health.py").write_text("LIMIT = 2\n")
    (path / "pyproject.toml").write_text('dependencies = [\n    "a",\n    # yours below\n]\n')
    (path / "uv.lock").write_text("")
    answer(path, template, "v0.10.0")
    git(path, "init", "--quiet")
    commit(path)
    return path


def answer(project: Path, source: Path | str, version: str) -> None:
    text = f"# Changes here will be overwritten\n_commit: {version}\n_src_path: {source}\n"
    (project / doctor.ANSWERS).write_text(text)


def commit(project: Path) -> None:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "A day's work")


def found(project: Path) -> dict[str, tuple[str, str]]:
    return {row.name: (row.status, row.detail) for row in doctor.project_rows(project)}


def test_a_project_of_the_newest_release_has_nothing_to_do(project: Path) -> None:
    rows = found(project)

    assert {status for status, _ in rows.values()} == {"ok"}
    assert rows["baseline"] == ("ok", "v0.10.0")


def test_a_newer_release_is_named_with_the_command(project: Path, template: Path) -> None:
    answer(project, template, "v0.9.0")

    status, detail = found(project)["newer release"]

    assert status == "warn"
    assert detail.startswith("v0.10.0: uvx 'copier>=")


def test_a_template_out_of_reach_is_unknown_not_a_failure(project: Path, tmp_path: Path) -> None:
    answer(project, tmp_path / "nowhere", "v0.10.0")

    assert found(project)["newer release"][0] == "warn"


def test_a_version_between_releases_is_told(project: Path, template: Path) -> None:
    answer(project, template, "v0.9.0-3-gabcdef0")

    assert found(project)["baseline"][0] == "warn"


@pytest.mark.parametrize("source", [".", "../template", ""])
def test_a_relative_template_cannot_be_updated_from(project: Path, source: str) -> None:
    answer(project, source, "v0.10.0")

    assert found(project)["template"][0] == "fail"


@pytest.mark.parametrize(
    "source",
    ["https://example.com/t.git", "gh:owner/name", "git@example.com:t.git", "git+ssh://host/t"],
)
def test_a_url_can_be_updated_from(source: str) -> None:
    assert doctor.source_row(source).status == "ok"


def test_a_url_is_shown_without_its_credentials() -> None:
    row = doctor.source_row("https://bot:secret@example.com/t.git")

    assert (row.status, row.detail) == ("ok", "https://example.com/t.git")


def test_a_machine_without_git_fails(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    assert found(project)["repository"][0] == "fail"


def test_a_git_that_hangs_is_unknown_not_a_failure(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "TIMEOUT_SECONDS", 0)

    assert doctor.newest_release(str(project)) is None


def test_answers_that_were_never_committed_leave_the_edits_unknown(project: Path) -> None:
    git(project, "rm", "--quiet", "--cached", doctor.ANSWERS)
    git(project, "commit", "--quiet", "--amend", "--message", "Without answers")

    assert found(project)["edited files"][0] == "warn"


def test_a_folder_without_git_fails(tmp_path: Path) -> None:
    assert found(tmp_path)["repository"][0] == "fail"


def test_a_repository_without_a_commit_fails(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")

    assert found(tmp_path)["repository"][0] == "fail"


def test_conflict_markers_fail(project: Path) -> None:
    (project / "app" / "core" / "health.py").write_text("<<<<<<< before updating\nLIMIT = 3\n")

    assert found(project)["conflicts"] == ("fail", "resolve and `git add`: app/core/health.py")


def test_an_unmerged_path_fails_after_its_markers_are_gone(project: Path) -> None:
    file = project / "app" / "core" / "health.py"
    for branch, limit in (("ours", 3), ("theirs", 4)):
        git(project, "checkout", "--quiet", "-B", branch, "HEAD" if limit == 3 else "HEAD~1")
        file.write_text(f"LIMIT = {limit}\n")
        commit(project)
    with pytest.raises(subprocess.CalledProcessError):
        git(project, "merge", "--quiet", "ours")
    file.write_text("LIMIT = 4\n")

    assert found(project)["conflicts"][0] == "fail"


@pytest.mark.parametrize("ignored", [False, True])
def test_a_rejected_hunk_fails(project: Path, ignored: bool) -> None:
    (project / ".gitignore").write_text("*.rej\n" if ignored else "")
    (project / "app" / "core" / "health.py.rej").write_text("@@ -1 +1 @@\n")

    assert found(project)["rejected hunks"][0] == "fail"


def test_an_ignored_lock_fails(project: Path) -> None:
    (project / ".gitignore").write_text("uv.lock\n")

    assert found(project)["uv.lock"][0] == "fail"


def test_a_lock_that_nobody_committed_is_told(project: Path) -> None:
    git(project, "rm", "--quiet", "--cached", "uv.lock")

    assert found(project)["uv.lock"][0] == "warn"


@pytest.mark.parametrize("committed", [False, True])
def test_an_edited_template_file_is_named(project: Path, committed: bool) -> None:
    (project / "app" / "core" / "health.py").write_text("LIMIT = 3\n")
    if committed:
        commit(project)

    status, detail = found(project)["edited files"]

    assert (status, detail) == ("warn", "an update merges line by line: app/core/health.py")


def test_what_an_owner_adds_is_not_an_edit(project: Path) -> None:
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace("below\n", 'below\n    "mine",\n'))
    (project / "app" / "domains" / "parcels").mkdir(parents=True)
    (project / "app" / "domains" / "parcels" / "__init__.py").write_text("")
    commit(project)

    assert found(project)["edited files"][0] == "ok"


def test_a_changed_line_above_the_owners_block_is_an_edit(project: Path) -> None:
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"a"', '"b"'))

    assert found(project)["edited files"][1].endswith("pyproject.toml")


def test_edits_are_counted_from_the_last_update(project: Path, template: Path) -> None:
    (project / "app" / "core" / "health.py").write_text("LIMIT = 3\n")
    commit(project)
    answer(project, template, "v0.9.0")
    commit(project)

    assert found(project)["edited files"][0] == "ok"


def test_a_database_that_was_never_made_is_fine(tmp_path: Path) -> None:
    url = make_url(f"sqlite+aiosqlite:///{tmp_path}/app.db")

    assert doctor.migrations_row(url).status == "ok"
    assert not (tmp_path / "app.db").exists()


def test_a_database_behind_the_code_fails_until_it_is_upgraded(tmp_path: Path) -> None:
    (tmp_path / "app.db").touch()
    url = make_url(f"sqlite+aiosqlite:///{tmp_path}/app.db")

    before = doctor.migrations_row(url)
    asyncio.run(migrations.upgrade(url))
    after = doctor.migrations_row(url)

    assert (before.status, after.status) == ("fail", "ok")
    assert "app db upgrade" in before.detail


def test_a_database_with_revisions_of_no_part_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "app.db").touch()
    url = make_url(f"sqlite+aiosqlite:///{tmp_path}/app.db")

    async def of_a_part_that_is_gone(_: object) -> set[str]:
        return {"f_gone"}

    monkeypatch.setattr(migrations, "current", of_a_part_that_is_gone)

    assert "f_gone" in doctor.migrations_row(url).detail


def test_a_database_that_is_away_is_unknown_not_a_failure(tmp_path: Path) -> None:
    (tmp_path / "app.db").write_bytes(b"not a database, and long enough to be told from one" * 9)

    row = doctor.migrations_row(make_url(f"sqlite+aiosqlite:///{tmp_path}/app.db"))

    assert row.status == "warn"


@pytest.fixture
def command(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    """Runs `app doctor` on the project, away from the developer's own database."""
    monkeypatch.setattr(doctor, "PROJECT", project)
    monkeypatch.setenv("DATA_DIR", str(project / "var"))
    cli = typer.Typer()
    cli.command()(doctor.doctor)

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(cli, arguments)
        return result.exit_code, result.output

    return run


def test_the_command_prints_a_row_for_each_finding(command: Callable[..., tuple[int, str]]) -> None:
    status, output = command()

    assert status == 0
    assert "ok    baseline        v0.10.0" in output


def test_the_command_fails_and_speaks_json(
    command: Callable[..., tuple[int, str]], project: Path
) -> None:
    (project / "app" / "core" / "health.py.rej").touch()

    status, output = command("--json")

    rows = {row["name"]: row["status"] for row in json.loads(output)}
    assert (status, rows["rejected hunks"], rows["conflicts"]) == (1, "fail", "ok")
