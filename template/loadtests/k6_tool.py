"""Runs a scenario of `loadtests/k6_scenarios.js` with k6, which must be on the PATH."""

import json
import os
import subprocess
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from loadtests.people import People
from loadtests.samples import Sample, Shape

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = ("browse", "login", "write", "mixed")
STOP_SECONDS = 60


def run(url: str, shape: Shape, people: People, directory: Path) -> list[Sample]:
    """Raises CalledProcessError where k6 itself fails; a failed request is a sample."""
    given, output = directory / "people.json", directory / "k6.json"
    people.write(given)
    variables = {
        "LOAD_URL": url,
        "LOAD_PEOPLE": str(given),
        "LOAD_PAUSE_SECONDS": str(shape.pause_seconds),
        "SCENARIO": shape.scenario,
        "CLIENTS": str(shape.clients),
        "SECONDS": str(shape.seconds),
    }
    subprocess.run(
        ["k6", "run", "--quiet", "--out", f"json={output}", "loadtests/k6_scenarios.js"],
        cwd=ROOT,
        env=os.environ | variables | {"K6_NO_USAGE_REPORT": "true"},
        check=True,
        timeout=shape.seconds + STOP_SECONDS,
    )
    return list(samples(output.read_text().splitlines()))


def samples(lines: Iterable[str]) -> Iterator[Sample]:
    """One for each point of http_req_duration, whose time is that of the answer."""
    for line in lines:
        point = json.loads(line)
        if point["type"] == "Point" and point["metric"] == "http_req_duration":
            data, tags = point["data"], point["data"]["tags"]
            seconds = data["value"] / 1000
            answered = datetime.fromisoformat(data["time"]).timestamp()
            is_ok = tags["expected_response"] == "true"
            yield Sample(answered - seconds, tags["name"], seconds, is_ok)
