"""Renders and updates projects as an unattended user does: no trust, no prompt, no settings."""

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import copier
import yaml
from copier._template import filter_config, load_template_config

from tests.support import quick
from tests.support.process import clean_environment, run

ROOT = Path(__file__).resolve().parents[2]

quick.install()


class UnknownAnswerError(ValueError):
    """Copier drops an answer to a question that does not exist; here it is a mistake."""


def render(
    destination: Path,
    *,
    template: Path | str = ROOT,
    vcs_ref: str | None = None,
    **answers: Any,
) -> Path:
    """The project rendered from the work tree, or from `vcs_ref` of another template."""
    from_work_tree = template == ROOT and vcs_ref is None
    source = work_tree() if from_work_tree else Path(template)
    if source.is_dir():
        refuse_unknown(answers, source)
    copier.run_copy(
        str(source),
        destination,
        data=answers,
        vcs_ref=vcs_ref,
        settings=copier.Settings(),
        defaults=True,
        unsafe=False,
        quiet=True,
    )
    return destination


def update(
    project: Path,
    *,
    vcs_ref: str | None = None,
    context_lines: int = 1000,
    **answers: Any,
) -> None:
    """What `copier update --defaults --skip-answered` does; raises nothing on a conflict."""
    source = Path(str(stored_answers(project)["_src_path"]))
    if source.is_dir():
        refuse_unknown(answers, source)
    copier.run_update(
        project,
        data=answers,
        vcs_ref=vcs_ref,
        settings=copier.Settings(),
        context_lines=context_lines,
        defaults=True,
        skip_answered=True,
        overwrite=True,
        unsafe=False,
        quiet=True,
    )


def stored_answers(project: Path) -> dict[str, Any]:
    answers: dict[str, Any] = yaml.safe_load((project / ".copier-answers.yml").read_text())
    return answers


def questions(template: Path = ROOT) -> dict[str, dict[str, Any]]:
    """Every question, computed values included, in the order in which Copier asks them."""
    return filter_config(load_template_config(template / "copier.yml"))[1]


def asked(template: Path = ROOT) -> dict[str, dict[str, Any]]:
    """The questions a user sees: not the computed values, nor what is stored without asking."""
    return {
        name: question
        for name, question in questions(template).items()
        if question.get("when", True) and question.get("ask", True)
    }


def settings(template: Path = ROOT) -> dict[str, Any]:
    """The settings of copier.yml and of what it includes, without their leading underscore."""
    return filter_config(load_template_config(template / "copier.yml"))[0]


def presets(template: Path = ROOT) -> list[str]:
    return list(questions(template)["preset"]["choices"].values())


def refuse_unknown(answers: Iterable[str], template: Path) -> None:
    known = [name for name, question in questions(template).items() if question.get("when", True)]
    unknown = sorted(set(answers) - set(known))
    if unknown:
        raise UnknownAnswerError(f"no question named {', '.join(unknown)}; known: {known}")


def git(path: Path, *arguments: str | Path) -> str:
    return run("git", *arguments, cwd=path)


def clone_template(destination: Path, version: str) -> Path:
    """A clone of this repository with the work tree committed on top and tagged `v<version>`."""
    if git(ROOT, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise RuntimeError("update tests need the whole history: git fetch --unshallow --tags")
    git(ROOT, "clone", "--quiet", "--no-local", ROOT, destination)
    for tracked in git(destination, "ls-files", "-z").split("\0"):
        if tracked:
            (destination / tracked).unlink()
    copy_work_tree(destination)
    git(destination, "add", "--all")
    git(destination, "commit", "--quiet", "--allow-empty", "--message", f"Release {version}")
    git(destination, "tag", "--force", f"v{version}")
    return destination


@cache
def work_tree() -> Path:
    """A plain copy of the work tree, which Copier reads as it is: no clone, no draft commit."""
    directory = Path(tempfile.mkdtemp(prefix="template-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    copy_work_tree(directory)
    return directory


def copy_work_tree(destination: Path) -> None:
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listing.stdout.split("\0")):
        source = ROOT / name
        if source.is_file():
            target = destination / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
