"""`python arq_alone.py NUMBER`: jobs that do nothing by arq alone, as the service configures it."""

import asyncio
import json
import os
import sys
import time
from typing import Any

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func

QUEUE = "bare:jobs"
POLL_SECONDS = 0.05
CONCURRENCY = 10


async def noop(context: dict[Any, Any], job_id: str) -> None:
    ended.append(time.time())
    if len(ended) == number:
        print(json.dumps([ended[0], ended[-1]]), flush=True)


async def main() -> None:
    options: dict[str, Any] = {"job_serializer": dumped, "job_deserializer": json.loads}
    address = RedisSettings.from_dsn(os.environ["REDIS_URL"])
    redis: ArqRedis = await create_pool(address, default_queue_name=QUEUE, **options)
    for index in range(number):
        await redis.enqueue_job("noop", str(index))
    worker = Worker(
        [func(noop, name="noop", keep_result=0)],
        redis_pool=redis,
        queue_name=QUEUE,
        max_jobs=CONCURRENCY,
        poll_delay=POLL_SECONDS,
        burst=True,
        handle_signals=False,
        **options,
    )
    await worker.async_run()


def dumped(message: dict[str, Any]) -> bytes:
    return json.dumps(message, default=repr).encode()


number = int(sys.argv[1])
ended: list[float] = []
asyncio.run(main())
