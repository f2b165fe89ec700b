"""`python celery_alone.py NUMBER`: jobs that do nothing, by Celery alone, as the service
configures it.
"""

import json
import os
import sys
import time
from threading import Lock

from celery import Celery
from celery.worker import WorkController, state

CONCURRENCY = 10

celery = Celery("bare", set_as_current=False)
celery.conf.update(
    broker_url=os.environ["REDIS_URL"],
    task_default_queue="bare:jobs",
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_enable_remote_control=False,
)
lock = Lock()
ended: list[float] = []
number = int(sys.argv[1])


def noop(job_id: str) -> None:
    with lock:
        ended.append(time.time())
        if len(ended) == number:
            print(json.dumps([ended[0], ended[-1]]), flush=True)
            state.should_stop = 0


task = celery.task(name="noop")(noop)
with celery.producer_pool.acquire(block=True) as producer:
    for index in range(number):
        task.apply_async((str(index),), producer=producer)
WorkController(
    app=celery,
    pool_cls="threads",
    concurrency=CONCURRENCY,
    without_gossip=True,
    without_mingle=True,
    without_heartbeat=True,
).start()
