"""Tools of tests/node/, installed once into .cache/."""

import hashlib
import os
import shutil
from pathlib import Path

from filelock import FileLock

from tests.support.process import run
from tests.support.rendering import ROOT

SOURCE = ROOT / "tests" / "node"
CACHE = ROOT / ".cache" / "node"
INSTALLED_FROM = ("package.json", ".npmrc")


def tools() -> Path:
    """A directory with `node_modules` and the scripts of tests/node/."""
    content = b"".join((SOURCE / name).read_bytes() for name in INSTALLED_FROM)
    directory = CACHE / hashlib.sha256(content).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(directory.with_suffix(".lock")):
        if not (directory / "ready").exists():
            shutil.rmtree(directory, ignore_errors=True)
            shutil.copytree(SOURCE, directory)
            run("npm", "install", "--ignore-scripts", "--no-progress", cwd=directory)
            (directory / "ready").touch()
    for script in (*SOURCE.glob("*.mjs"), *SOURCE.glob("*.yaml")):
        replaced = directory / f"{script.name}.{os.getpid()}"
        shutil.copy2(script, replaced)
        replaced.rename(directory / script.name)
    return directory
