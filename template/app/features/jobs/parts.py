"""What a process that runs jobs is made of."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI

from app.core import registry
from app.core.database import Database
from app.features.jobs.queue import Job
from app.features.jobs.runner import Runner
from app.features.jobs.schedule import Schedule
from app.features.jobs.settings import JobsSettings
from app.features.jobs.store import JobStore


@dataclass(frozen=True)
class Parts:
    app: FastAPI
    settings: JobsSettings
    jobs: tuple[Job[Any], ...]

    @property
    def store(self) -> JobStore:
        return JobStore(self._database)

    @property
    def schedule(self) -> Schedule:
        return Schedule(self._database, self.jobs)

    @property
    def runner(self) -> Runner:
        return Runner(self.app, self.jobs, self.store, self.settings.jobs_concurrency)

    @property
    def _database(self) -> Database:
        return registry.get(self.app, Database)
