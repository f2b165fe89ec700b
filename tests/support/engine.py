"""`docker compose` where no engine is: services of the image run in a chroot, by the compose files.

`docker-compose config` says what a service is: its command, its variables and its secrets. Around
the image everything is replaced: the database is the one of ENGINE_DATABASE_URL, nobody is Redis,
and only `app` is started by `up`. It serves on a free port of the loopback in place of 8000.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil

from tests.support.images import Image, started
from tests.support.process import run
from tests.support.serving import free_port, wait_until_healthy

NOBODY = "redis://127.0.0.1:1"
SECONDS = 120


def install(folder: Path, image: Image, database_url: str) -> dict[str, str]:
    """The environment in which `docker` is this module, which keeps its state in the folder."""
    folder.mkdir()
    script = folder / "docker"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m tests.support.engine "$@"\n')
    script.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    os.chown(data, 10001, 10001)
    return {
        "PATH": f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "ENGINE": str(folder),
        "ENGINE_ROOT": str(image.root),
        "ENGINE_DATABASE_URL": database_url,
    }


def end(folder: Path) -> None:
    """Stops what `up` started, if it still runs."""
    pid = folder / "pid"
    if pid.exists():
        server = psutil.Process(int(pid.read_text()))
        server.terminate()
        server.wait(SECONDS)
        pid.unlink()


def main(arguments: list[str]) -> int:
    if arguments[0] != "compose":
        raise SystemExit(f"this stands in for `docker compose` alone: {arguments}")
    files = arguments[1:5]
    verb, *words = [one for one in arguments[5:] if one not in {"--rm", "-T", "--detach"}]
    folder = Path(os.environ["ENGINE"])
    if verb == "up":
        _up(folder, _service(files, "app"))
    elif verb == "down":
        end(folder)
    elif verb == "logs":
        print(*(log.read_text() for log in folder.glob("*.log")))
    else:
        name, *command = words
        service = _service(files, name)
        entry = [] if verb == "exec" else ["app"]
        return _finished(folder, service, *entry, *(command or service["command"]))
    return 0


def _service(files: list[str], name: str) -> dict[str, Any]:
    """As the compose files have it, with the source of each of its secrets."""
    merged = run("docker-compose", "--profile", "*", *files, "config", "--format=json", cwd=Path())
    model = json.loads(merged)
    service: dict[str, Any] = model["services"][name]
    if not service["read_only"] or service["cap_drop"] != ["ALL"]:
        raise SystemExit(f"{name} is not as confined as this stand-in makes it")
    service["files"] = {
        Path(one["target"]).name: Path(model["secrets"][one["source"]]["file"])
        for one in service["secrets"]
    }
    return service


def _up(folder: Path, service: dict[str, Any]) -> None:
    port, log = free_port(), folder / "app.log"
    command = ("app", "serve", "--host", "127.0.0.1", "--port", str(port))
    server = _started(folder, service, *command, log=log)
    (folder / "pid").write_text(str(server.pid))
    (folder / "port").write_text(str(port))
    wait_until_healthy(f"http://127.0.0.1:{port}", server, log)


def _finished(folder: Path, service: dict[str, Any], *command: str) -> int:
    port = folder / "port"
    if port.exists():
        command = tuple(one.replace(":8000", f":{port.read_text()}") for one in command)
    log = folder / f"{time.monotonic_ns()}.log"
    process = _started(folder, service, *command, log=log)
    given = "" if sys.stdin.isatty() else sys.stdin.read()
    process.communicate(given, timeout=SECONDS)
    print(log.read_text())
    return process.returncode


def _started(
    folder: Path, service: dict[str, Any], *command: str, log: Path
) -> subprocess.Popen[str]:
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for name, source in service["files"].items():
        shutil.copy2(source, secrets / name)
    (secrets / "database_url").write_text(os.environ["ENGINE_DATABASE_URL"])
    if (secrets / "redis_url").exists():
        (secrets / "redis_url").write_text(NOBODY)
    # The folder of the stand-in is /tmp there, and no volume is mounted on /data.
    variables = {
        name: value.replace("/data/", "/tmp/")  # noqa: S108
        for name, value in service["environment"].items()
    }
    image = Image(Path(os.environ["ENGINE_ROOT"]), 0, secrets)
    return started(image, *command, data=folder / "data", log=log, **variables)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
