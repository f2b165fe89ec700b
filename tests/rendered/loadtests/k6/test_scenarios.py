"""The scenarios of k6: with k6 itself where it is, and their requests in node where it is not."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from loadtests import k6_tool, target
from loadtests.samples import Shape
from tests.support.project import ROOT

SCRIPT = ROOT / "loadtests" / "k6_scenarios.js"
DRIVER = ROOT / "tests" / "loadtests" / "k6" / "driver.mjs"
ROUNDS = 20
POINT = {
    "metric": "http_req_duration",
    "type": "Point",
    "data": {
        "time": "2026-01-02T03:04:05.123456789+01:00",
        "value": 250.5,
        "tags": {"name": "GET /a", "expected_response": "false", "status": "503"},
    },
}


def test_a_point_of_k6_is_a_sample() -> None:
    others = [{"type": "Metric", "metric": "http_req_duration"}, {**POINT, "metric": "vus"}]

    (sample,) = k6_tool.samples(json.dumps(one) for one in [*others, POINT])

    assert sample.at == pytest.approx(1767319445.123456 - 0.2505)
    assert (sample.name, sample.seconds, sample.is_ok) == ("GET /a", 0.2505, False)


@pytest.mark.fault
@pytest.mark.needs("node")
def test_every_request_of_every_scenario_is_answered(tmp_path: Path) -> None:
    given = tmp_path / "people.json"
    with target.served(tmp_path, accounts=30) as own:
        own.people.write(given)
        variables = {
            "LOAD_URL": own.urls[0],
            "LOAD_PEOPLE": str(given),
            "LOAD_PAUSE_SECONDS": "0.1",
            "SCENARIO": "mixed",
            "CLIENTS": "3",
            "SECONDS": "2",
        }
        command = ["node", str(DRIVER), str(tmp_path), str(SCRIPT), str(ROUNDS)]
        output = subprocess.run(
            command, env=os.environ | variables, check=True, capture_output=True, text=True
        ).stdout

    found = json.loads(output)
    assert found["names"] == sorted(k6_tool.SCENARIOS)
    assert found["options"]["scenarios"]["mixed"] == {
        "executor": "constant-vus",
        "exec": "mixed",
        "vus": 3,
        "duration": "2s",
    }
    assert len(found["sent"]) == ROUNDS * len(k6_tool.SCENARIOS)
    assert {status for _, status in found["sent"]} <= {200, 201}
    assert {name for name, _ in found["sent"]} >= {
        "GET /api/v1/users/me",
        "PATCH /api/v1/users/me",
        "POST /api/v1/auth/login",
    }


@pytest.mark.fault
@pytest.mark.needs("k6")
def test_k6_runs_a_scenario(tmp_path: Path) -> None:
    with target.served(tmp_path, accounts=30) as own:
        shape = Shape("mixed", clients=2, seconds=2, pause_seconds=0.05)
        samples = k6_tool.run(own.urls[0], shape, own.people, tmp_path)

    assert len(samples) >= 10
    assert all(sample.is_ok for sample in samples)
