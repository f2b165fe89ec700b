"""With an image, `ci` also builds, lists, scans, starts, publishes and signs it.

tests/toggles/test_image.py runs what needs an image; here recording commands stand in for what
needs an engine, a registry or an identity.
"""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.process import CommandError, run
from tests.support.rendering import render
from tests.support.trees import files

WORDS = ("publish-image", "published-image", "cosign", "sbom", "dind")
DIGEST = f"sha256:{'0' * 64}"
IMAGE = "registry.example.org/service:1.2.3"
PUBLISHED = f"registry.example.org/service@{DIGEST}"
RECORDER = """#!/bin/sh
printf '%s\\n' "$(basename "$0") $*" >> "$RECORD"
case "${IMAGE:-} $*" in
  *" inspect"*) printf '%s\\n' "$HELD" ;;
  *"get deployment"*) printf 'deployment.apps/app\\ndeployment.apps/worker\\n' ;;
  *"$FAILING"*) exit 1 ;;
esac
"""
MIGRATE = "docker compose --file compose.production.yaml run --rm migrate"
START = "docker compose --file compose.production.yaml up --detach --wait"
SMOKE = {
    "SMOKE_URL": "https://api.example.org",
    "SMOKE_EMAIL": "probe@example.org",
    "SMOKE_PASSWORD_FILE": "/dev/null",
}


@pytest.fixture(scope="module")
def github(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("github") / "service"
    return render(directory, ci="github", deployment=["docker", "kubernetes"])


@pytest.fixture(scope="module")
def gitlab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("gitlab") / "service"
    return render(directory, ci="gitlab", deployment=["docker"])


@pytest.mark.parametrize("ci", ["none", "github", "gitlab"])
def test_without_an_image_or_a_pipeline_there_is_no_word_of_it(tmp_path: Path, ci: str) -> None:
    deployment = ["docker"] if ci == "none" else ["kubernetes"]
    project = render(tmp_path / "service", ci=ci, deployment=deployment)

    naming = {
        path: word
        for path, content in files(project).items()
        for word in WORDS
        if word.encode() in content.lower() or word in path
    }

    assert naming == {}


def test_only_what_main_and_tags_hold_is_published(github: Path, gitlab: Path) -> None:
    workflow = yaml.safe_load((github / ".github/workflows/image.yml").read_text())
    pipeline = yaml.safe_load((gitlab / ".gitlab-ci.yml").read_text())

    # YAML reads the key `on` as a boolean.
    assert workflow[True]["push"] == {"branches": ["main"], "tags": ["v*"]}
    assert workflow["jobs"]["publish"]["if"] == "github.event_name == 'push'"
    assert workflow["jobs"]["publish"]["needs"] == "image"
    rules = [one["if"] for one in pipeline["publish-image"]["rules"]]
    assert [one.split(" && ")[0] for one in rules] == ['$CI_PIPELINE_SOURCE == "push"'] * 2
    naming = [name for name, job in pipeline.items() if "id_tokens" in job]
    assert naming == ["publish-image"]


def test_both_pipelines_do_the_same_with_the_image(github: Path, gitlab: Path) -> None:
    jobs = yaml.safe_load((github / ".github/workflows/image.yml").read_text())["jobs"]
    pipeline = yaml.safe_load((gitlab / ".gitlab-ci.yml").read_text())
    shell = [step["run"] for step in jobs["image"]["steps"] if "run" in step]
    inputs: dict[str, Any] = {
        step["uses"].split("@")[0]: step.get("with", {})
        for step in jobs["image"]["steps"]
        if "uses" in step
    }

    assert [_neutral(line) for line in shell] == [
        _neutral(line) for line in pipeline["build-image"]["script"]
    ]
    listing, scanning = inputs["anchore/sbom-action"], inputs["anchore/scan-action"]
    assert pipeline["sbom"]["script"] == [
        f"/syft scan {listing['image']} -o {listing['format']}={listing['output-file']}"
    ]
    assert scanning["only-fixed"] is True
    assert pipeline["scan"]["script"] == [
        f"/grype sbom:{scanning['sbom']} --only-fixed --fail-on {scanning['severity-cutoff']}"
    ]
    assert pipeline["publish-image"]["stage"] == pipeline["stages"][-1]


def test_what_it_pulls_has_an_exact_version(gitlab: Path) -> None:
    pipeline = yaml.safe_load((gitlab / ".gitlab-ci.yml").read_text())
    pulled = [pipeline[".docker"]["image"], *pipeline[".docker"]["services"]]
    pulled += [pipeline[job]["image"]["name"] for job in ("sbom", "scan")]

    assert [one.split(":")[1].removeprefix("v").count(".") for one in pulled] == [2] * len(pulled)


@pytest.mark.parametrize("provenance", [True, False])
def test_what_the_registry_holds_is_signed_with_its_list(
    gitlab: Path, tmp_path: Path, provenance: bool
) -> None:
    path = gitlab / "provenance.json"
    path.unlink(missing_ok=True)
    if provenance:
        path.write_text("{}")

    said, record = _recorded(gitlab, tmp_path, "publish-image.sh", IMAGE=IMAGE)

    attested = [f"cosign attest --yes --type cyclonedx --predicate sbom.cdx.json {PUBLISHED}"]
    if provenance:
        of_it = "--type slsaprovenance1 --predicate provenance.json"
        attested.append(f"cosign attest --yes {of_it} {PUBLISHED}")
    assert record[-len(attested) - 1 :] == [f"cosign sign --yes {PUBLISHED}", *attested]
    assert f"docker push {IMAGE}" in record
    assert (gitlab / "published.txt").read_text() == f"{PUBLISHED}\n"
    assert f"published {PUBLISHED}" in said


def test_nothing_is_signed_that_was_not_pushed(gitlab: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        _recorded(gitlab, tmp_path, "publish-image.sh", IMAGE=IMAGE, FAILING="push")

    assert not [line for line in _record(tmp_path) if line.startswith("cosign")]


@pytest.mark.parametrize(
    "failing", [" app smoke ", "service:2 compose --file compose.production.yaml up"]
)
def test_a_deployment_migrates_first_and_goes_back_when_it_fails(
    github: Path, tmp_path: Path, failing: str
) -> None:
    settings = SMOKE | {"STATE": str(tmp_path / "deployed")}
    said, record = _recorded(github, tmp_path, "deploy.sh", IMAGE="service:1", **settings)
    assert record[:2] == [MIGRATE, START]
    assert " app smoke " in record[2]
    assert "service:1 serves" in said

    with pytest.raises(CommandError, match="rollback: service:1 serves"):
        _recorded(github, tmp_path, "deploy.sh", IMAGE="service:2", FAILING=failing, **settings)

    assert _record(tmp_path)[-1] == START
    assert (tmp_path / "deployed").read_text() == "service:1"


@pytest.mark.parametrize("failing", ["smoke", "rollout status deployment.apps/worker"])
def test_a_rollout_is_undone_when_it_does_not_answer(
    github: Path, tmp_path: Path, failing: str
) -> None:
    settings = SMOKE | {"OVERLAY": "production"}
    _, record = _recorded(github, tmp_path, "deploy-kubernetes.sh", **settings)
    assert record[-1].startswith("uv run app smoke")
    migrated = next(n for n, line in enumerate(record) if "wait job migrate" in line)
    assert migrated < next(n for n, line in enumerate(record) if "rollout status" in line)
    before = [line for line in record[:migrated] if " apply " in line]
    assert [line.rpartition(" --selector ")[2] for line in before] == [
        "app.kubernetes.io/component notin (api, worker, migrate)",
        "app.kubernetes.io/component=migrate",
    ]

    with pytest.raises(CommandError, match="it does not answer as it must"):
        _recorded(github, tmp_path, "deploy-kubernetes.sh", FAILING=failing, **settings)

    undone = [line.rpartition(" ")[2] for line in _record(tmp_path) if "rollout undo" in line]
    assert undone == ["deployment.apps/app", "deployment.apps/worker"]


def _neutral(line: str) -> str:
    """What both call by other names has one name."""
    names = {"$CI_COMMIT_SHA": "$GITHUB_SHA", "$CI_COMMIT_REF_NAME": "$GITHUB_REF_NAME"}
    for theirs, ours in names.items():
        line = line.replace(theirs, ours)
    return line


def _recorded(project: Path, folder: Path, script: str, **settings: str) -> tuple[str, list[str]]:
    """What the script says and calls; a call with the words of `FAILING` in it fails."""
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    for name in ("docker", "cosign", "kubectl", "uv"):
        (commands / name).write_text(RECORDER)
        (commands / name).chmod(0o755)
    environment = {
        "PATH": f"{commands}:{os.environ['PATH']}",
        "RECORD": str(folder / "record"),
        "HELD": f"registry.example.org/other@{DIGEST}\n{PUBLISHED}",
        "FAILING": "nothing of this",
    }
    said = run(f"deploy/scripts/{script}", cwd=project, env=environment | settings)
    return said, _record(folder)


def _record(folder: Path) -> list[str]:
    return (folder / "record").read_text().splitlines()
