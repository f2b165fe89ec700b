"""Runs a scenario of `loadtests/locust_scenarios.py` with locust, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from loadtests.people import People
from loadtests.samples import Sample, Shape, read

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = ("browse", "login", "write", "mixed")
STOP_SECONDS = 60


def run(url: str, shape: Shape, people: People, directory: Path) -> list[Sample]:
    """Raises CalledProcessError where locust itself fails; a failed request is a sample."""
    given, samples = directory / "people.json", directory / "samples.jsonl"
    people.write(given)
    command = [sys.executable, "-m", "locust", "-f", "loadtests/locust_scenarios.py"]
    options = ["--headless", "--only-summary", "--exit-code-on-error", "0", "--host", url]
    options += ["--users", str(shape.clients), "--spawn-rate", str(shape.clients)]
    options += ["--run-time", f"{shape.seconds}s", "--stop-timeout", "10"]
    subprocess.run(
        [*command, *options, shape.scenario.capitalize()],
        cwd=ROOT,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "LOAD_PEOPLE": str(given),
            "LOAD_SAMPLES": str(samples),
            "LOAD_PAUSE_SECONDS": str(shape.pause_seconds),
        },
        check=True,
        timeout=shape.seconds + STOP_SECONDS,
    )
    return read(samples)
