"""A login is read in few files."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tests.support.factories import login, make_user
from tests.support.project import ROOT
from tests.support.service import Service

APP = ROOT / "app"
MAX_FILES = 20


async def test_a_login_passes_few_files_of_the_kernel(own_service: Service) -> None:
    """Beside those of features and those that every request passes."""
    user = await make_user(own_service)
    await login(own_service, user)  # what is done once per process is done

    with passed_files() as by_login:
        await login(own_service, user)
    with passed_files() as by_any_request:
        await own_service.client.post("/nowhere", json={})

    own = {file for file in by_login - by_any_request if not file.startswith("app/features/")}
    assert "app/services/auth.py" in own
    assert len(own) <= MAX_FILES, sorted(own)


@contextmanager
def passed_files() -> Iterator[set[str]]:
    """The files of `app/` in which a function is called meanwhile."""
    passed: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(APP):
            passed.add(path.relative_to(ROOT).as_posix())

    sys.setprofile(note)
    try:
        yield passed
    finally:
        sys.setprofile(None)
