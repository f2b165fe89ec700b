"""Builds and runs the image of a rendered project where no engine is: with buildah, in a chroot.

The base image is made here too, of Debian's smallest system and the running Python, because no
image can be pulled. It stands in for `python:3.12-slim`, so sizes are told above the base.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from tests.support.process import clean_environment, run
from tests.support.rendering import ROOT

CACHE = ROOT / ".cache" / "images"
BASE = "localhost/python-base"
LIBRARIES = (
    "ca-certificates,libbz2-1.0,libffi8,liblzma5,libreadline8,libsqlite3-0,libssl3,libuuid1,zlib1g"
)
NOT_COPIED = shutil.ignore_patterns("__pycache__", "test", "site-packages", "*.a")
HOST_FILES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf", "/etc/resolv.conf")
"""How this machine reaches the package registry, which a chroot does not know."""


@dataclass(frozen=True)
class Image:
    root: Path
    """Where its file system is mounted."""
    megabytes_above_base: float
    secrets: Path | None = None
    """A folder that is mounted where compose mounts secrets."""


def build(project: Path, tag: str) -> None:
    """Builds the Dockerfile of a project whose uv.lock is there."""
    _ensure_base()
    _buildah(
        *("build", "--format", "docker", "--isolation", "chroot", "--network", "host"),
        *("--layers=false", "--build-arg", f"PYTHON_IMAGE={BASE}", "--tag", tag, "."),
        cwd=project,
    )


@contextmanager
def mounted(tag: str) -> Iterator[Image]:
    container = _buildah("from", "--pull-never", tag).strip()
    root = Path(_buildah("mount", container).strip())
    try:
        yield Image(root, (_bytes(root) - _bytes(_rootfs())) / 1_000_000)
    finally:
        _buildah("umount", container)
        _buildah("rm", container)


def save(tag: str, archive: Path) -> None:
    """What `docker save` writes."""
    _buildah("push", "--quiet", tag, f"docker-archive:{archive}:{tag}")


def started(
    image: Image, *command: str, data: Path, log: Path, **environment: str
) -> subprocess.Popen[str]:
    """The command as the image's user, on its root file system made read-only; `data` is /tmp."""
    script = (
        'mount --bind "$ROOT" "$ROOT" && mount -o remount,bind,ro "$ROOT" '
        '&& mount --bind "$DATA" "$ROOT/tmp" '
        '&& if [ -n "$SECRETS" ]; then mount -t tmpfs none "$ROOT/run" '
        '&& mkdir "$ROOT/run/secrets" && mount --bind "$SECRETS" "$ROOT/run/secrets"; fi '
        '&& exec chroot --userspec=10001:10001 "$ROOT" env -C /srv/app -i "$@"'
    )
    variables = {
        "PATH": "/srv/app/.venv/bin:/usr/local/bin:/usr/bin:/bin",
        "ENVIRONMENT": "production",
        "PYTHONDONTWRITEBYTECODE": "1",
    } | environment
    with log.open("w") as output:
        return subprocess.Popen(
            [
                *("unshare", "--mount", "bash", "-c", script, "bash"),
                *(f"{name}={value}" for name, value in variables.items()),
                *command,
            ],
            env=clean_environment(
                {"ROOT": str(image.root), "DATA": str(data), "SECRETS": str(image.secrets or "")}
            ),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )


def _ensure_base() -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / "base.lock"):
        if not (CACHE / "ready").exists():
            shutil.rmtree(_rootfs(), ignore_errors=True)
            _make_rootfs(_rootfs())
            container = _buildah("from", "scratch").strip()
            _buildah("copy", "--quiet", container, str(_rootfs()), "/")
            certificates = f"SSL_CERT_FILE={HOST_FILES[0]}"
            path = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
            _buildah("config", "--env", certificates, "--env", path, container)
            _buildah("commit", "--quiet", "--rm", container, BASE)
            (CACHE / "ready").touch()


def _make_rootfs(rootfs: Path) -> None:
    run("debootstrap", "--variant=minbase", f"--include={LIBRARIES}", "bookworm", rootfs, cwd=CACHE)
    local, prefix = rootfs / "usr" / "local", Path(sys.base_prefix)
    shutil.copytree(
        *(prefix / "lib", local / "lib"), symlinks=True, ignore=NOT_COPIED, dirs_exist_ok=True
    )
    shutil.copy2(prefix / "bin" / "python3.12", local / "bin" / "python3.12")
    (local / "bin" / "python").symlink_to("python3.12")
    for name in filter(os.path.exists, HOST_FILES):
        shutil.copy2(name, rootfs / name.removeprefix("/"))
    run("chroot", rootfs, "ldconfig", cwd=CACHE)
    run("chroot", rootfs, "/usr/local/bin/python", "-m", "ensurepip", cwd=CACHE)


def _rootfs() -> Path:
    return CACHE / "rootfs"


def _bytes(root: Path) -> int:
    """Each file once; what is mounted below the root is not the image's."""
    listing = run("du", "--bytes", "--one-file-system", "--summarize", root, cwd=CACHE)
    return int(listing.split()[0])


def _buildah(*arguments: str, cwd: Path = CACHE) -> str:
    store = ("--storage-driver", "vfs", "--root", CACHE / "store", "--runroot", CACHE / "run")
    return run("buildah", *store, *arguments, cwd=cwd)
