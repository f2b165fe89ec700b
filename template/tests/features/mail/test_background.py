"""Background work: bounded, finished at the end, and nobody's error."""

import asyncio

import pytest

from app.core import request_info
from app.features.mail import background as background_module
from app.features.mail.background import Background


async def test_the_end_waits_for_what_was_submitted_and_what_that_submits() -> None:
    background, done = Background(workers=1), []

    async def second() -> None:
        done.append("second")

    async def first() -> None:
        done.append("first")
        background.submit(second)

    async with background.running():
        background.submit(first)

    assert done == ["first", "second"]


async def test_a_full_queue_refuses_and_says_so(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    background, gate = Background(workers=1, capacity=1), asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    async with background.running():
        taken = [background.submit(wait) for _ in range(3)]
        gate.set()

    assert taken == [True, False, False]
    assert b"background.refused" in capsysbinary.readouterr().out


async def test_nothing_is_taken_before_the_start_and_after_the_end() -> None:
    background = Background()

    async def work() -> None: ...

    async with background.running():
        await background.idle()

    assert background.submit(work) is False
    await background.idle()


async def test_a_failure_ends_only_the_work_that_failed(
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    background, done = Background(workers=1), []

    async def fail() -> None:
        raise ZeroDivisionError

    async def work() -> None:
        done.append(request_info.current().ip)

    request_info.set_current(request_info.RequestInfo("192.0.2.7"))
    async with background.running():
        background.submit(fail)
        background.submit(work)

    assert done == ["192.0.2.7"]
    assert b"background.failed" in capsysbinary.readouterr().out


async def test_the_end_does_not_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(background_module, "DRAIN_SECONDS", 0.01)
    background = Background(workers=1)

    async def hang() -> None:
        await asyncio.Event().wait()

    async with background.running():
        background.submit(hang)

    assert b"background.abandoned" in capsysbinary.readouterr().out
