"""Jobs that do nothing: the rate of the service's worker by the rate of its queue's library alone.

Both are one process with the same concurrency and the same Redis, one after the other in a round.
The library keeps a job in Redis; the worker keeps it in PostgreSQL, from the request's transaction
to the record of its end.
"""

import json
import secrets
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import postgres, redis
from benchmarks.servers import kept

QUEUES = Path(__file__).parent / "queues"
GOAL = 0.7
PATIENCE_SECONDS = 300
ENDED = """
import asyncio, asyncpg, json, os
async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    print(json.dumps([float(value or 0) for value in await connection.fetchrow(
        "SELECT count(*), extract(epoch FROM min(finished_at)),"
        " extract(epoch FROM max(finished_at)) FROM jobs WHERE name = 'noop' AND status = 'done'"
    )]))
    await connection.close()
asyncio.run(main())
"""


@dataclass(frozen=True)
class JobsFigure:
    library: str
    jobs_per_second: float
    alone_per_second: float
    ratio: float
    """Median over the rounds of the ratio within a round."""

    def line(self) -> str:
        return (
            f"no-op jobs   worker {self.jobs_per_second:7.0f}/s   {self.library} alone"
            f" {self.alone_per_second:7.0f}/s   ratio {self.ratio:.2f} (goal {GOAL:.2f})"
        )


def measure(
    project: Path,
    data: Path,
    *,
    rounds: int = 5,
    jobs: int = 3000,
    progress: Callable[[str], None] = lambda _: None,
) -> JobsFigure:
    """`project` is rendered for PostgreSQL, with arq or Celery."""
    has_arq = (project / "app" / "features" / "jobs" / "engines" / "arq.py").exists()
    library = "arq" if has_arq else "celery"
    progress(f"no-op jobs: {rounds} rounds of {jobs} jobs by {library}")
    pairs = []
    for number in range(rounds):
        with ExitStack() as stack:
            environment = _environment(
                data / f"worker{number}",
                DATABASE_URL=stack.enter_context(postgres.running(project)),
                REDIS_URL=stack.enter_context(redis.running(project)),
            )
            alone = _rate_alone(project, environment, library, jobs)
            worker = _rate_of_worker(project, environment, data, jobs)
            progress(f"  worker {worker:.0f}/s, alone {alone:.0f}/s")
            pairs.append((worker, alone))
    return JobsFigure(
        library,
        median(ours for ours, _ in pairs),
        median(theirs for _, theirs in pairs),
        median(ours / theirs for ours, theirs in pairs),
    )


def _environment(health_file: Path, **places: str) -> dict[str, str]:
    settings = {
        "ENVIRONMENT": "test",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "LOG_LEVEL": "WARNING",
        "OTEL_SDK_DISABLED": "true",
        "WORKER_HEALTH_FILE": str(health_file),
    }
    return kept() | settings | places


def _rate_alone(project: Path, environment: dict[str, str], library: str, jobs: int) -> float:
    script = str(QUEUES / f"{library}_alone.py")
    first, last = json.loads(_printed(project, environment, script, str(jobs)).splitlines()[-1])
    return float(jobs / (last - first))


def _rate_of_worker(project: Path, environment: dict[str, str], data: Path, jobs: int) -> float:
    app, python = (str(project / ".venv" / "bin" / name) for name in ("app", "python"))
    subprocess.run([app, "db", "upgrade"], cwd=project, env=environment, check=True)
    with (data / "worker.log").open("wb") as log:
        command = [python, str(QUEUES / "worker_of_service.py"), str(jobs)]
        within = environment | {"PYTHONPATH": str(project)}
        worker = subprocess.Popen(command, cwd=project, env=within, stdout=log, stderr=log)
        try:
            return _rate_in_table(project, environment, worker, jobs)
        finally:
            worker.terminate()
            worker.wait(PATIENCE_SECONDS)


def _rate_in_table(
    project: Path, environment: dict[str, str], worker: subprocess.Popen[bytes], jobs: int
) -> float:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while worker.poll() is None and time.monotonic() < deadline:
        done, first, last = json.loads(_printed(project, environment, "-c", ENDED))
        if done == jobs:
            return float(jobs / (last - first))
        time.sleep(1)
    raise RuntimeError(f"the worker ran {done:.0f} of {jobs} jobs")


def _printed(project: Path, environment: dict[str, str], *arguments: str) -> str:
    python = str(project / ".venv" / "bin" / "python")
    return subprocess.run(
        [python, *arguments],
        cwd=project,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=PATIENCE_SECONDS,
    ).stdout
