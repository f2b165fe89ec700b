"""Workflows run only actions pinned by commit, with no more rights than they need."""

import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support import covering
from tests.support.process import run
from tests.support.rendering import ROOT

FOLDERS = (ROOT / ".github" / "workflows", ROOT / "template" / ".github" / "workflows")
WORKFLOWS = sorted(path for folder in FOLDERS for path in folder.glob("*.yml"))
ACTIONS = tomllib.loads((ROOT / "tests" / "data" / "actions.toml").read_text())["actions"]
USES = re.compile(r"uses: (?P<name>\S+)@(?P<commit>\S+) # (?P<release>\S+)$", re.MULTILINE)

# What a job may do beyond reading, and why it must.
RIGHTS = {
    "template/update.yml/update": {"contents", "pull-requests"},
    "here/release.yml/publish": {"attestations", "contents", "id-token"},
    "template/image.yml/publish": {"attestations", "id-token", "packages"},
}

each_workflow = pytest.mark.parametrize(
    "path", WORKFLOWS, ids=lambda path: str(path.relative_to(ROOT))
)


def _jobs(path: Path) -> dict[str, Any]:
    jobs: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return jobs


@each_workflow
def test_every_action_is_pinned_to_the_commit_of_the_table(path: Path) -> None:
    text = path.read_text()
    pinned = [match.groupdict() for match in USES.finditer(text)]

    assert len(pinned) == text.count("uses:")
    for action in pinned:
        assert ACTIONS[action["name"]] == {
            "release": action["release"],
            "commit": action["commit"],
        }


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_of_the_table_is_used_and_pinned_in_full(name: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{40}", ACTIONS[name]["commit"])
    assert any(f"{name}@" in path.read_text() for path in WORKFLOWS)


@each_workflow
def test_rights_are_given_job_by_job_and_every_job_has_a_limit(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    where = "template" if "template" in path.parts else "here"
    for name, job in _jobs(path).items():
        writes = {right for right, how in job["permissions"].items() if how != "read"}
        assert writes == RIGHTS.get(f"{where}/{path.name}/{name}", set())
        assert job["timeout-minutes"] <= 90


@each_workflow
def test_a_workflow_is_one_as_github_reads_it(path: Path) -> None:
    run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", path, cwd=ROOT)


def test_the_configuration_of_renovate_is_one() -> None:
    path = ROOT / "template" / ".github" / "renovate.json"

    run("check-jsonschema", "--builtin-schema", "vendor.renovate", path, cwd=ROOT)


def test_the_gate_waits_for_every_job_but_the_nightly_one() -> None:
    jobs = _jobs(ROOT / ".github" / "workflows" / "ci.yml")

    assert set(jobs["gate"]["needs"]) == set(jobs) - {"gate", "edge"}


def test_what_renders_run_on_windows_is_typed_for_it() -> None:
    cache = ROOT / ".mypy_cache" / "win32"  # its own, or the other platform would start cold
    files = ("tests/conftest.py", "tests/render")
    run("mypy", "--platform", "win32", "--cache-dir", cache, *files, cwd=ROOT)


def test_the_rows_of_ci_are_the_rows_of_the_suites() -> None:
    emitted = json.loads(run(sys.executable, "-m", "tests.support.matrix", cwd=ROOT))
    listing = run(
        *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-n0", "tests/suites"),
        *("--row", emitted[0]),
        cwd=ROOT,
    )

    assert emitted == [covering.label(row) for row in covering.rows("pairs")]
    assert len(set(emitted)) == len(emitted)
    assert f"test_a_variant_passes_its_own_checks[{emitted[0]}]" in listing
    assert listing.count("test_a_variant_passes_its_own_checks[") == 1


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_zizmor_finds_nothing(folder: Path) -> None:
    run("zizmor", "--offline", "--no-progress", folder, cwd=ROOT)
