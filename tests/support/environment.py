"""Exact environments for rendered projects, in seconds.

Each set of dependencies is locked once, under tests/constraints.txt, and installed and compiled
once, into .cache/. A variant gets hard links to that environment, which `uv sync` then makes exact:
a package that a variant does not declare is not there.
"""

import hashlib
import json
import os
import re
import shutil
import tomllib
from pathlib import Path

from filelock import FileLock

from tests.support.process import run
from tests.support.rendering import ROOT

CACHE = ROOT / ".cache" / "environments"
CONSTRAINTS = ROOT / "tests" / "constraints.txt"
KEPT_ENVIRONMENTS = 12
MENTION = re.compile(r"\[manifest\]\nconstraints = \[.*?\n\]\n\n", re.DOTALL)


def prepare(project: Path) -> None:
    """Gives the project its uv.lock and a compiled .venv with exactly what the lock names."""
    entry = _entry(project)
    shutil.copy2(entry / "uv.lock", project / "uv.lock")
    same_device = entry.stat().st_dev == project.stat().st_dev
    how = "--link" if same_device else "--reflink=auto"
    run("cp", "--archive", how, entry / "venv", project / ".venv", cwd=project)
    run("uv", "sync", "--locked", "--quiet", cwd=project)


def type_check(project: Path) -> None:
    """`uv run mypy`, which starts from what an earlier variant learnt, of this environment if any.

    mypy compares the content of every file: what another environment has otherwise is read anew.
    """
    known = _entry(project) / "mypy_cache"
    others = sorted(CACHE.glob("*/mypy_cache"), key=lambda path: path.stat().st_mtime)
    if known.is_dir() or others:
        shutil.copytree(known if known.is_dir() else others[-1], project / ".mypy_cache")
    run("uv", "run", "--no-sync", "mypy", cwd=project)
    if not known.is_dir():
        fresh = known.with_name(f"{known.name}.{os.getpid()}")
        shutil.copytree(project / ".mypy_cache", fresh)
        try:
            fresh.rename(known)
        except OSError:  # another worker was first
            shutil.rmtree(fresh)


def constraints() -> list[str]:
    if os.environ.get("IGNORE_CONSTRAINTS") == "1":
        return []
    lines = CONSTRAINTS.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def constrained() -> set[str]:
    """Names of the packages that the constraints hold."""
    return {re.split("[=<]", line)[0] for line in constraints()}


def locked_versions(lock: Path) -> dict[str, str]:
    """Every package of a lock but the project itself."""
    packages = tomllib.loads(lock.read_text())["package"]
    return {one["name"]: one["version"] for one in packages if "registry" in one["source"]}


def lock(project: Path, wanted: list[str]) -> None:
    """Writes uv.lock under constraints which the lock does not mention afterwards."""
    pyproject = project / "pyproject.toml"
    original = pyproject.read_text()
    listing = json.dumps(wanted)
    heading = re.compile(r"^\[tool\.uv\]\n", re.MULTILINE)
    line = f"[tool.uv]\nconstraint-dependencies = {listing}\n"
    held = heading.sub(line, original) if heading.search(original) else f"{original}\n{line}"
    pyproject.write_text(held)
    run("uv", "lock", "--quiet", cwd=project)
    pyproject.write_text(original)
    path = project / "uv.lock"
    path.write_text(
        re.sub(r"\[manifest\]\nconstraints = \[.*?\n\]\n\n", "", path.read_text(), flags=re.S)
    )


def _entry(project: Path) -> Path:
    entry = CACHE / _key(project)
    entry.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(entry.with_suffix(".lock")):
        if not (entry / "ready").exists():
            shutil.rmtree(entry, ignore_errors=True)
            _forget_oldest()
            _build(project, entry)
            (entry / "ready").touch()
    return entry


def _key(project: Path) -> str:
    rendered = tomllib.loads((project / "pyproject.toml").read_text())
    declared = {key: rendered["project"].get(key) for key in ("name", "version", "dependencies")}
    decisive = [declared, rendered["dependency-groups"], rendered["build-system"], constraints()]
    return hashlib.sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()[:16]


def _build(project: Path, entry: Path) -> None:
    source = entry / "project"
    source.mkdir(parents=True)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(project / name, source / name)
    lock(source, constraints())
    shutil.copy2(source / "uv.lock", entry / "uv.lock")
    venv = entry / "venv"
    # Relocatable: its scripts start the Python beside them, wherever they are linked to.
    run("uv", "venv", "--quiet", "--relocatable", "--python", "3.12", venv, cwd=source)
    run(
        *("uv", "sync", "--locked", "--quiet", "--no-install-project", "--compile-bytecode"),
        cwd=source,
        env={"UV_PROJECT_ENVIRONMENT": str(venv)},
    )


def _forget_oldest() -> None:
    ready = sorted(CACHE.glob("*/ready"), key=lambda path: path.stat().st_mtime)
    for path in ready[: -KEPT_ENVIRONMENTS + 1]:
        shutil.rmtree(path.parent, ignore_errors=True)
