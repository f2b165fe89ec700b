"""Each command on a page is run: here, by the test that is named, or not at all for a reason."""

from pathlib import Path

import pytest

from tests.support.environment import prepare, type_check
from tests.support.projects import commit
from tests.support.recipes import BLOCK, commands, sections, shell
from tests.support.rendering import ROOT, git, render
from tests.support.serving import free_port, served

HERE: dict[str, dict[str, str]] = {
    "template/docs/database.md.jinja": {},
    "template/docs/how-to/audit-trail.md.jinja": {
        "uv run app audit prune": "AUDIT_RETENTION_DAYS=30"
    },
    "template/docs/how-to/rotate-keys.md.jinja": {},
    "template/docs/how-to/secrets.md.jinja": {},
    "template/docs/how-to/sign-in-through-providers.md": {},
    "template/docs/reference.md": {},
}
"""Pages whose blocks run in order in one project; some with settings, by their first words."""
# By the page and the first words of the block.
ELSEWHERE = {
    ("README.md", "uv run copier copy"): "tests/test_readme.py",
    ("README.md", "uv run pytest"): "tests/test_readme.py",
    ("README.md", "uvx 'copier"): "tests/test_readme.py",
    ("docs/how-to/update.md", "uvx 'copier"): "tests/updates/test_docs.py",
    ("docs/tutorial.md", ""): "tests/docs/test_tutorial.py",
    ("docs/maintaining/add-an-extension.md", "uv run python"): "tests/static/test_covering.py",
    ("docs/maintaining/pipelines.md", "uv run python"): "tests/static/test_workflows.py",
    ("template/README.md.jinja", ""): "tests/test_readme.py",
    ("template/docs/deployment/docker.md.jinja", "docker build"): "tests/toggles/test_image.py",
    (
        "template/docs/deployment/published-image.md.jinja",
        "IMAGE=service",
    ): "tests/toggles/test_image.py",
    ("template/docs/development.md.jinja", "uv run --group docs"): "tests/docs/test_site.py",
    ("template/docs/development.md.jinja", "uv run app openapi"): "tests/docs/test_client.py",
    ("template/docs/development.md.jinja", "uv run pytest"): "tests/suites/test_presets.py",
    **{
        ("template/docs/development.md.jinja", words): "tests/docs/test_commands.py"
        for words in ("uv sync", "uv run app serve", "curl", "git", "uv run app new", "uv run ruff")
    },
    ("template/docs/how-to/add-a-domain.md", ""): "tests/docs/test_commands.py",
    ("template/docs/how-to/update.md", ""): "tests/updates/test_docs.py",
    ("template/docs/telemetry.md.jinja", ""): "tests/toggles/test_telemetry.py",
}
NOT_RUN = {
    ("README.md", "bash .ci/run"): "it is what runs this test",
    ("CONTRIBUTING.md", "uv run pytest"): "it is a part of what runs this test",
    ("docs/maintaining/add-an-extension.md", "uv run pytest"): "as above",
    ("docs/maintaining/tests.md", "uv run pytest"): "it is what runs this test",
    ("docs/maintaining/tests.md", "uv run copier"): "tests/test_readme.py runs its like",
    (
        "template/docs/deployment/docker.md.jinja",
        "mkdir",
    ): "its command is in test_commands of the keys",
    (
        "template/docs/deployment/docker.md.jinja",
        "IMAGE=",
    ): "tests/toggles/test_image_pipeline.py runs it with recording commands in place of docker",
    ("template/docs/deployment/docker.md.jinja", "docker compose"): "it needs a docker daemon",
    ("template/docs/deployment/kubernetes.md.jinja", "kubectl"): "it needs a cluster",
    (
        "template/docs/deployment/kubernetes.md.jinja",
        "OVERLAY=",
    ): "tests/toggles/test_image_pipeline.py runs it with recording commands in place of kubectl",
    (
        "template/docs/deployment/published-image.md.jinja",
        "IMAGE=ghcr",
    ): "it asks a registry and the public log of signatures",
    ("template/docs/deployment/published-image.md.jinja", "IMAGE=registry"): "as above",
    ("template/docs/jobs.md.jinja", ""): "tests/features/jobs of every rendered project that has "
    "jobs runs each, with a job that failed",
    ("template/docs/load-tests.md.jinja", ""): "the tests of the load tests, in every rendered "
    "project that has them, call what they call with less load",
    (
        "template/docs/how-to/sign-in-through-providers.md",
        "uv run app oauth debug",
    ): "tests/commands of every rendered project that has providers walks through one of its own",
    ("template/docs/accounts.md.jinja", "uv run app init-admin"): "tests/commands of every "
    "rendered project run each, with answers to the prompts",
    ("template/docs/development.md.jinja", "uv run app seed"): "tests/commands/test_seed.py of "
    "every rendered project does",
    ("template/docs/development.md.jinja", "uv run app smoke"): "tests/commands/test_smoke.py of "
    "every rendered project does, with an address that exists",
}


def pages() -> list[Path]:
    found = [*ROOT.glob("*.md"), ROOT / "template" / "README.md.jinja"]
    for folder in ("docs", "template/docs"):
        found += [path for path in (ROOT / folder).rglob("*.md*") if path.is_file()]
    return sorted(found)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def enterprise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = render(tmp_path_factory.mktemp("commands") / "service", preset="enterprise")
    prepare(project)
    shell("uv run app init-db", cwd=project)
    return project


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A committed project with an `origin`, as somebody has it who is new to it."""
    project = render(tmp_path / "service", preset="minimal")
    prepare(project)
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project, "Scaffold")
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    git(project, "remote", "add", "origin", str(tmp_path / "origin.git"))
    return project


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_block_is_run_or_has_a_reason(page: Path) -> None:
    for block in commands(page):
        listed = [
            where
            for table in (ELSEWHERE, NOT_RUN)
            for (listed_page, words), where in table.items()
            if listed_page == name(page) and block.startswith(words)
        ]
        assert listed or name(page) in HERE, block


def test_no_entry_is_about_what_is_gone() -> None:
    for page, words in (*ELSEWHERE, *NOT_RUN):
        assert any(block.startswith(words) for block in commands(ROOT / page)), (page, words)
    assert [where for where in ELSEWHERE.values() if not (ROOT / where).is_file()] == []


@pytest.mark.parametrize("page", HERE)
def test_what_the_page_says_works(enterprise: Path, page: str) -> None:
    for block in commands(enterprise / page.removeprefix("template/").removesuffix(".jinja")):
        if not any(key == page and block.startswith(words) for key, words in NOT_RUN):
            settings = [HERE[page][words] for words in HERE[page] if block.startswith(words)]
            shell("".join(f"export {line}\n" for line in settings) + block, cwd=enterprise)


def test_domains_are_added_as_the_page_says(clone: Path) -> None:
    for block in commands(clone / "docs" / "how-to" / "add-a-domain.md"):
        shell(block, cwd=clone)

    made = sorted(path.name for path in (clone / "app" / "domains").iterdir() if path.is_dir())
    assert {"customers", "purchase_orders", "staff"} <= set(made)


def test_a_clone_leads_to_a_pushed_branch(clone: Path) -> None:
    """All but the whole suite, which the presets run."""
    section = sections(clone / "docs" / "development.md")["From a clone to a pull request"]
    install, serve, ask, *following = BLOCK.findall(section)
    port = free_port()
    type_check(clone)

    assert "fail" not in shell(install, cwd=clone)
    with served(f"{serve.strip()} --port {port}", cwd=clone, port=port):
        assert "healthy" in shell(ask.replace("8000", str(port)), cwd=clone)
    for block in following:
        shell(block.replace("uv run pytest\n", ""), cwd=clone)

    assert git(clone, "status", "--porcelain") == ""
    pushed = git(clone, "ls-tree", "-r", "--name-only", "origin/add-customers")
    assert "app/domains/customers/service.py" in pushed
