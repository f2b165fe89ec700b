"""What may not be committed, and how everything committed must look."""

import subprocess
from pathlib import Path

import pytest

from tests.support.process import run
from tests.support.rendering import ROOT, git, render

# Written in two halves, else this file would be the first to name one.
REGISTRIES = tuple(
    name.replace("|", "")
    for name in ("pypi|.org", "pythonhosted|.org", "registry.npm|js.org", "proxy.golang|.org")
)
MACHINE_PATHS = ("/ro|ot/", "/ho|me/", "/Us|ers/", "/work/|main")
FORBIDDEN = (*REGISTRIES, *(path.replace("|", "") for path in MACHINE_PATHS))


def _tracked() -> list[Path]:
    listing = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file()]


def test_no_lock_no_environment_and_no_secret_is_committed() -> None:
    names = {path.name for path in _tracked()}

    assert names.isdisjoint({"uv.lock", ".env", "id_rsa", ".copier-answers.yml"})
    assert [path for path in _tracked() if path.suffix in {".pem", ".key", ".db", ".pyc"}] == []


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_registry_and_no_path_of_a_machine_is_named(word: str) -> None:
    naming = [path for path in _tracked() if word in path.read_text(errors="replace")]

    assert naming == []


def test_every_file_ends_with_one_newline() -> None:
    texts = {path: path.read_bytes() for path in _tracked() if path.suffix != ".gz"}

    assert [p for p, text in texts.items() if text and not text.endswith(b"\n")] == []
    assert [p for p, text in texts.items() if text.endswith(b"\n\n")] == []


def test_this_repository_is_clean_and_typed() -> None:
    run("ruff", "check", "--quiet", cwd=ROOT)
    run("ruff", "format", "--check", "--quiet", cwd=ROOT)
    run("mypy", cwd=ROOT)


@pytest.mark.parametrize("command", [("check",), ("format", "--check")])
def test_plain_python_of_the_template_is_clean_where_it_stands(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    # The load tests have rules of their own, which are there with them.
    rules = render(tmp_path / "service", load_testing="k6") / "pyproject.toml"
    template = ROOT / "template"

    run("ruff", *command, "--no-cache", "--config", rules, template, cwd=template)
    overlay = ROOT / "tests" / "rendered"
    own = 'lint.isort.known-first-party = ["app", "loadtests", "tests", "tooling"]'
    run("ruff", *command, "--no-cache", "--config", rules, "--config", own, overlay, cwd=ROOT)


def test_git_would_commit_every_file_of_the_template() -> None:
    ignored = subprocess.run(
        ["git", "status", "--porcelain", "--ignored", "--", "template"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    names = [line[3:] for line in ignored if line.startswith("!!")]

    assert [name for name in names if not _is_cache(name)] == []


def _is_cache(name: str) -> bool:
    return any(part in name for part in ("__pycache__", ".ruff_cache", ".mypy_cache", ".pytest_c"))
