"""Rules and dashboard follow from the objectives, and name only series that the service exports."""

import asyncio
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.core import instruments
from app.features.metrics import REQUEST_SECONDS
from tests.support.service import Service

pytestmark = pytest.mark.own_service

ROOT = Path(__file__).resolve().parents[3]
MONITORING = ROOT / "deploy" / "monitoring"
RULES = MONITORING / "rules.yml"
DASHBOARD = MONITORING / "dashboard.json"
RUNBOOKS = ROOT / "docs" / "runbooks.md"
NOT_SERIES = re.compile(r"\{[^}]*\}|\[[^\]]*\]|\bby \([^)]*\)|\"[^\"]*\"")
NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_:]*")
WORDS = {
    *("absent", "and", "count", "histogram_quantile", "or", "rate", "sum", "topk", "vector"),
}
ALERT_TEST = """
rule_files: [rules.yml]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - series: 'http_requests_total{{job="{job}",route="/a",status="500"}}'
        values: '0+{failed}x400'
      - series: 'http_requests_total{{job="{job}",route="/a",status="200"}}'
        values: '0+{fine}x400'
      - series: 'app_build_info{{job="{job}"}}'
        values: '1x400'
    alert_rule_test:
      - eval_time: 390m
        alertname: AvailabilityBudgetFastBurn
        exp_alerts: [{alerts}]
      - eval_time: 390m
        alertname: ServiceAbsent
        exp_alerts: []
"""


def objectives() -> dict[str, Any]:
    return tomllib.loads((MONITORING / "slo.toml").read_text())


def expressions() -> list[str]:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel["targets"]]
    return shown + re.findall(r"^ +expr: (.+)$", RULES.read_text(), re.MULTILINE)


def alerts() -> list[str]:
    return re.findall(r"- alert: (\w+)", RULES.read_text())


def test_they_are_what_the_objectives_generate(tmp_path: Path) -> None:
    subprocess.run([sys.executable, MONITORING / "generate.py", tmp_path], check=True)

    for path in (RULES, DASHBOARD):
        assert (tmp_path / path.name).read_text() == path.read_text()


def test_the_bound_of_the_latency_is_one_that_is_measured() -> None:
    assert objectives()["latency"]["threshold_seconds"] in REQUEST_SECONDS


async def test_every_series_they_name_is_exported(service: Service) -> None:
    await service.client.get("/health")
    instruments.auth_event("login")
    instruments.rate_limit_hit("auth")
    instruments.cache_request("hit")
    instruments.job_finished("send_mail", "success", 0.2)
    text = (await service.client.get("/metrics")).text
    families = text_string_to_metric_families(text)
    exported = {sample.name for family in families for sample in family.samples}
    recorded = set(re.findall(r"- record: (\S+)", RULES.read_text()))

    named = {name for one in expressions() for name in NAME.findall(NOT_SERIES.sub("", one))}

    assert named - WORDS - exported - recorded == set()
    assert named >= {"http_requests_total", "db_pool_connections", "slo:error_ratio:rate5m"}


def test_every_alert_has_a_section_that_tells_what_to_do() -> None:
    assert len(alerts()) == 5
    assert set(re.findall(r"^## (\w+)$", RUNBOOKS.read_text(), re.MULTILINE)) >= set(alerts())
    for name in alerts():
        assert f"runbook: docs/runbooks.md#{name.lower()}" in RULES.read_text()


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("what", ["rules rules.yml", "config --syntax-only prometheus.yml"])
def test_promtool_reads_them(what: str) -> None:
    subprocess.run(["promtool", "check", *what.split()], cwd=MONITORING, check=True)


@pytest.mark.needs("promtool")
@pytest.mark.parametrize(("failed", "is_paged"), [(20, True), (1, False)])
async def test_an_alert_fires_when_the_budget_burns(
    tmp_path: Path, failed: int, is_paged: bool
) -> None:
    """One per mille is the budget: 2 % is twenty times as fast as allowed, 1 ‰ is not."""
    job = objectives()["job"]
    labels = f"exp_labels: {{service: {job}, severity: page, job: {job}, slo: availability}}"
    summary = "At this rate the error budget of availability is gone within days."
    runbook = "docs/runbooks.md#availabilitybudgetfastburn"
    annotations = f"exp_annotations: {{summary: '{summary}', runbook: {runbook}}}"
    expected = f"{{{labels}, {annotations}}}" if is_paged else ""
    text = ALERT_TEST.format(job=job, failed=failed, fine=1000 - failed, alerts=expected)
    (tmp_path / "test.yml").write_text(text)
    (tmp_path / "rules.yml").write_text(RULES.read_text())

    checked = await asyncio.to_thread(
        subprocess.run,
        ["promtool", "test", "rules", "test.yml"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout + checked.stderr
