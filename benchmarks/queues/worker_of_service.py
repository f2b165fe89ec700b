"""`python worker_of_service.py NUMBER`: enqueues jobs that do nothing, and is their worker.

Run in a rendered project, with its settings in the environment.
"""

import asyncio
import sys

from app import installed
from app.core.database import Database
from app.core.database.settings import database_url
from app.core.settings import Settings
from app.domains import Domain
from app.features.jobs import NoPayload
from app.features.jobs.queue import Job, JobQueue, Run
from app.features.jobs.worker_command import worker


async def _noop(run: Run, payload: NoPayload) -> None: ...


NOOP = Job(name="noop", payload=NoPayload, handler=_noop)


async def enqueue(number: int) -> None:
    settings = Settings()
    database = Database(database_url(settings), settings)
    async with database.write() as session:
        for _ in range(number):
            await JobQueue(database, session).enqueue(NOOP, NoPayload())
    await database.close()


installed.DOMAINS = (Domain(install=lambda app, settings: None, jobs=(NOOP,)),)
asyncio.run(enqueue(int(sys.argv[1])))
worker()
