"""The page on adding an extension is followed here, file by file and diff by diff."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import covering, own_imports, questions, rendering
from tests.support.environment import prepare, type_check
from tests.support.process import run
from tests.support.trees import changed

PAGE = (rendering.ROOT / "docs" / "maintaining" / "add-an-extension.md").read_text()
FILE = re.compile(r"^`(\S+)`:\n\n```(?:python|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DIFF = re.compile(r"^```diff\n\+\+\+ (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OWNED = {
    f"{folder}/features/webhooks/{name}"
    for folder, names in {
        "app": ("__init__.py", "jobs.py", "routes.py", "sender.py", "settings.py"),
        "tests": ("test_jobs.py", "test_webhooks.py"),
    }.items()
    for name in names
}
SHARED = {"app/main.py", "pyproject.toml", ".env.example"}
RENDERED_TESTS = (
    "tests/features/webhooks",
    "tests/api/test_default_deny.py",
    "tests/test_architecture.py",
)
WITH_JOBS: dict[str, Any] = {
    "preset": "minimal",
    "ci": "github",
    "redis": True,
    "background_jobs": "arq",
}
VALUES = {"WEBHOOK_SECRET": "known-to-the-service-and-to-each-receiver"}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template with the page's example in it."""
    folder = tmp_path_factory.mktemp("page") / "template"
    rendering.copy_work_tree(folder)
    for name, text in FILE.findall(PAGE):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    for name, diff in DIFF.findall(PAGE):
        (folder / name).write_text(applied((folder / name).read_text(), diff))
    return folder


@pytest.fixture(scope="module")
def off(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("off") / "service"
    return rendering.render(folder, template=template, **WITH_JOBS)


@pytest.fixture(scope="module")
def on(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("on") / "service"
    return rendering.render(folder, template=template, **WITH_JOBS, webhooks=True)


def applied(text: str, diff: str) -> str:
    """The text with the diff in it; the lines that are there before must stand there once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if line[0] != "+")
    after = "".join(line[1:] for line in lines if line[0] != "-")
    assert f"\n{text}".count(f"\n{before}") == 1, f"not there once: {before!r}"
    return f"\n{text}".replace(f"\n{before}", f"\n{after}")[1:]


def test_its_files_come_and_go_with_the_answer(off: Path, on: Path) -> None:
    assert changed(off, on) == OWNED | SHARED
    assert own_imports.unresolved(on) == set()
    assert own_imports.unresolved(off) == set()


def test_its_bridge_is_there_only_with_the_other_feature(template: Path, tmp_path: Path) -> None:
    alone = rendering.render(tmp_path / "alone", template=template, webhooks=True)

    assert (alone / "app" / "features" / "webhooks" / "routes.py").exists()
    assert not (alone / "app" / "features" / "webhooks" / "jobs.py").exists()
    assert own_imports.unresolved(alone) == set()


def test_what_it_forbids_is_left_out_of_the_arrays(template: Path) -> None:
    model = questions.load(rendering.questions(template))
    rows = covering.make(model, 2)

    assert {"webhooks": True, "ci": "none"} not in [
        {name: row[name] for name in ("webhooks", "ci")} for row in rows
    ]
    assert covering.missing(model, 2, rows) == []


@pytest.mark.suite
def test_the_rendered_project_is_clean_and_passes_its_tests(
    off: Path, on: Path, tmp_path: Path
) -> None:
    off = shutil.copytree(off, tmp_path / "off")
    on = shutil.copytree(on, tmp_path / "on")
    prepare(on)
    run("uv", "run", "--no-sync", "ruff", "check", cwd=on)
    run("uv", "run", "--no-sync", "ruff", "format", "--check", cwd=on)
    type_check(on)
    run("uv", "run", "--no-sync", "pytest", "--no-cov", "-q", "-n0", *RENDERED_TESTS, cwd=on)

    assert "/api/v1/webhooks" in app(on, "openapi")
    assert "WEBHOOK_URLS" in app(on, "config", "show")
    (off / ".venv").symlink_to(on / ".venv")
    assert "/api/v1/webhooks" not in app(off, "openapi")
    assert "WEBHOOK_URLS" not in app(off, "config", "show")


@pytest.mark.suite
def test_the_template_passes_its_own_tests(template: Path, tmp_path: Path) -> None:
    """But those of the covering arrays, which the page says to write first."""
    repository = tmp_path / "repository"
    shutil.copytree(template, repository)
    rendering.git(repository, "init", "--quiet")
    tests = [name for name, _ in FILE.findall(PAGE) if name.startswith("tests/")]
    tests += [f"tests/static/test_{name}.py" for name in ("copier_yml", "honesty", "variables")]
    tests.append("tests/test_readme.py::test_the_table_lists_the_questions_about_parts_in_order")

    pytest_here = (sys.executable, "-m", "pytest", "-q", "-n0", "-k", "not committed_rows")
    run(*pytest_here, *tests, cwd=repository)


def app(project: Path, *arguments: str) -> str:
    return run(".venv/bin/python", "-m", "app", *arguments, cwd=project, env=VALUES)
