"""A pytest plugin: while a test marked `alone` runs, no other test of the run does.

Every test holds a lock that tests share; a test marked `alone` holds it for itself. All pass a
turnstile first, so that those who share it cannot keep the other one waiting for ever. Those marked
come first: one worker has most of them, and the wait for each is a wait for one other test.
"""

import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

if sys.platform != "win32":
    import fcntl

LOCKS = pytest.StashKey[Path]()
HANDED_ON = "quiet_locks"


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", {}).get(HANDED_ON)
    config.stash[LOCKS] = Path(given or tempfile.mkdtemp(prefix="quiet-"))


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[LOCKS], ignore_errors=True)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """All workers of one run share the directory of the process that started them."""
    node.workerinput[HANDED_ON] = str(node.config.stash[LOCKS])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_measures_time, reverse=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    with admitted(item.config.stash[LOCKS], alone=_measures_time(item)):
        return (yield)


def _measures_time(item: pytest.Item) -> bool:
    return item.get_closest_marker("alone") is not None


@contextmanager
def admitted(locks: Path, *, alone: bool) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    kind = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    with (locks / "room").open("w") as room:
        with (locks / "turnstile").open("w") as turnstile:
            fcntl.flock(turnstile, fcntl.LOCK_EX)
            fcntl.flock(room, kind)
        yield
