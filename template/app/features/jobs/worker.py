"""The process that runs jobs: a relay, a broker, and the event loop that all jobs share."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import structlog

from app.core import lifespan
from app.features.jobs.engines.broker import Broker
from app.features.jobs.parts import Parts
from app.features.jobs.relay import Relay

log = structlog.get_logger("app.jobs")

POLL_SECONDS = 0.5
ALIVE_SECONDS = 1.0


async def work(parts: Parts, broker: Broker, beside: AbstractAsyncContextManager[None]) -> None:
    """Until SIGTERM or SIGINT; what runs by then finishes, or is released to run again."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    runner = parts.runner
    relay = Relay(parts.store, parts.schedule, broker.send, poll_seconds=POLL_SECONDS)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(lifespan.run(parts.app))
        await stack.enter_async_context(beside)
        await stack.enter_async_context(_alive(parts.settings.worker_health_file))
        await stack.enter_async_context(runner.renewing())
        consuming = asyncio.create_task(broker.consume(runner.run))
        consuming.add_done_callback(lambda _: stopping.set())
        async with relay.working():
            log.info("worker.started", concurrency=parts.settings.jobs_concurrency)
            await stopping.wait()
        log.info("worker.stopping")
        runner.stop()
        consuming.cancel()
        with suppress(asyncio.CancelledError):
            await consuming
    log.info("worker.stopped")


@asynccontextmanager
async def _alive(path: Path) -> AsyncIterator[None]:
    """A file that is as old as the last turn of the loop."""

    async def touch() -> None:
        while True:
            await asyncio.to_thread(path.touch)
            await asyncio.sleep(ALIVE_SECONDS)

    task = asyncio.create_task(touch())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.to_thread(path.unlink, missing_ok=True)
