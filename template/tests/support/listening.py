"""An application on a socket of this process, so that a test can look into it meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from app.core.http.connections import ConnectionSettings, bounded


@asynccontextmanager
async def listening(
    app: ASGIApp, settings: ConnectionSettings, *, keep_alive_seconds: int
) -> AsyncIterator[str]:
    """Its URL."""
    config = uvicorn.Config(
        app,
        port=0,
        lifespan="off",
        log_config=None,
        timeout_keep_alive=keep_alive_seconds,
        http=bounded(settings),
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task
