"""`load_testing` puts the service under load; without it nothing knows of it."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.environment import prepare
from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.trees import changed, owned_paths, without_answers

TOOLS = ("locust", "k6")
WORD = re.compile(r"loadtests|locust|k6\b|load-tests", re.IGNORECASE)
SLO = "deploy/monitoring/slo.toml"
LINES = {
    "pyproject.toml": {
        '    "loadtests",',
        '"loadtests/**" = ["S311", "S603", "S607"] # random requests, and programs of its own',
    },
    "docs/index.md": {
        "- [Load tests](load-tests.md): what it withstands, and how that is measured."
    },
    "docs/deployment.md": {"What it withstands is measured: [load tests](load-tests.md)."},
}
LINES_OF_LOCUST = {"pyproject.toml": {'    "locust~=2.47",'}}
RUN = "uv run --no-sync python -m loadtests"
CHECK = f"{RUN} check"
SHORT = f"{RUN} run --scenario mixed --clients 4 --seconds 4"


@pytest.mark.parametrize("telemetry", [[], ["prometheus"]])
@pytest.mark.parametrize("tool", TOOLS)
def test_exactly_its_files_and_lines_come_and_go(
    tmp_path: Path, tool: str, telemetry: list[str]
) -> None:
    off = render(tmp_path / "off", load_testing="none", telemetry=telemetry, ci="none")
    on = render(tmp_path / "on", load_testing=tool, telemetry=telemetry, ci="none")
    lines = dict(LINES)
    if tool == "locust":
        lines["pyproject.toml"] = LINES["pyproject.toml"] | LINES_OF_LOCUST["pyproject.toml"]
    if telemetry:
        lines[SLO] = {"# `python -m loadtests` holds a run to them."}
    owned = tuple(set(_absent("none", telemetry)) - set(_absent(tool, telemetry)))
    files = changed(off, on) - set(lines)

    assert all(path.startswith(owned) for path in files)
    assert files & set(without_answers(off)) == set()
    for path, added in lines.items():
        assert _lines(on / path) - _lines(off / path) == added
        assert _lines(off / path) <= _lines(on / path)


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_off_leaves_no_word_of_it(tmp_path: Path, ci: str) -> None:
    off = render(tmp_path / "off", load_testing="none", telemetry=[], ci=ci)

    assert _naming(off, WORD) == set()
    assert not (off / SLO).exists()


def test_one_tool_knows_nothing_of_the_other(tmp_path: Path) -> None:
    for tool, other in (TOOLS, TOOLS[::-1]):
        project = render(tmp_path / tool, load_testing=tool, ci="github")
        assert _naming(project, re.compile(rf"\b{other}\b")) == set()


@pytest.mark.parametrize("tool", TOOLS)
def test_every_pipeline_has_the_short_run(tmp_path: Path, tool: str) -> None:
    github = render(tmp_path / "github", load_testing=tool, ci="github")
    gitlab = render(tmp_path / "gitlab", load_testing=tool, ci="gitlab")

    workflows = [yaml.safe_load(one.read_text()) for one in github.glob(".github/workflows/load*")]
    steps = [step for one in workflows for step in one["jobs"]["load"]["steps"]]
    pipeline: dict[str, Any] = yaml.safe_load((gitlab / ".gitlab-ci.yml").read_text())
    assert len(workflows) == 1
    assert CHECK in [step.get("run") for step in steps]
    assert ("k6" in str(steps)) is (tool == "k6")
    assert pipeline["load"]["script"] == [CHECK]
    assert ("k6" in str(pipeline["load"])) is (tool == "k6")
    schema = ("--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci")
    run("check-jsonschema", *schema, ".gitlab-ci.yml", cwd=gitlab)


def test_a_run_of_locust_reports_and_fails_where_an_objective_is_missed(tmp_path: Path) -> None:
    project = render(tmp_path / "service", load_testing="locust", database="sqlite")
    prepare(project)
    slo = project / SLO

    # What is asked here is whether a run is judged, not whether this machine is fast.
    slo.write_text(slo.read_text().replace("threshold_seconds = 0.5", "threshold_seconds = 30"))
    passed = run("bash", "-c", SHORT, cwd=project)
    slo.write_text(slo.read_text().replace("threshold_seconds = 30", "threshold_seconds = 0.0001"))
    with pytest.raises(CommandError, match=r"MISSED: .* were answered within 0\.0001 s"):
        run("bash", "-c", SHORT, cwd=project)

    report = (project / "var" / "loadtests" / "mixed.html").read_text()
    assert "met: 100.000 % were answered without an error" in passed
    assert "GET /api/v1/users/me" in report
    assert report.count("<svg") == 3
    assert 'class="missed"' in report


def test_the_check_of_ci_fails_where_the_ratio_has_fallen(tmp_path: Path) -> None:
    project = render(tmp_path / "service", load_testing="locust", database="sqlite")
    prepare(project)
    slo = project / SLO
    slo.write_text(slo.read_text().replace("threshold_seconds = 0.5", "threshold_seconds = 30"))

    run("bash", "-c", f"{RUN} record", cwd=project)
    recorded = (project / "loadtests" / "baseline.json").read_text()
    impossible = re.sub(r'"ratio": 0\.\d+', '"ratio": 10', recorded)
    (project / "loadtests" / "baseline.json").write_text(impossible)

    assert impossible != recorded
    assert '"processor"' in recorded
    with pytest.raises(CommandError, match="REGRESSION: 0"):
        run("bash", "-c", CHECK, cwd=project)


def _naming(project: Path, word: re.Pattern[str]) -> set[str]:
    """Paths of the texts with that word."""
    paths = {path for path in without_answers(project) if not path.endswith(".gz")}
    return {path for path in paths if word.search((project / path).read_text())}


def _absent(tool: str, telemetry: list[str]) -> list[str]:
    return owned_paths({"load_testing": tool, "telemetry": telemetry, "ci": "none"})


def _lines(path: Path) -> set[str]:
    return {line for line in path.read_text().splitlines() if line}
