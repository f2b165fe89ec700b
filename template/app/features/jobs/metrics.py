"""The metrics of a worker, which serves nothing else."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from fastapi import FastAPI

from app.core import registry
from app.core.health import Health
from app.core.http import errors
from app.core.settings import Settings
from app.features.metrics import PATH, Metrics, read_metrics


class MetricsServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """They are the worker's."""
        yield


@asynccontextmanager
async def measured(app: FastAPI, port: int | None) -> AsyncIterator[None]:
    """The metrics of this process, behind the same token as those of a serving one."""
    metrics = registry.find(app, Metrics)
    if port is None or metrics is None:
        yield
        return
    pages = FastAPI(openapi_url=None, telemetry={"tracing": False, "metrics": False, "logs": False})
    registry.add(pages, Metrics, metrics)
    registry.add(pages, Health, registry.get(app, Health))
    registry.add(pages, Settings, registry.get(app, Settings))
    errors.install(pages, registry.get(app, Settings))
    pages.add_api_route(PATH, read_metrics)
    config = uvicorn.Config(pages, host="0.0.0.0", port=port, log_config=None, lifespan="off")  # noqa: S104
    server = MetricsServer(config)
    task = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await task
