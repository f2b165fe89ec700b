"""`uv run python deploy/monitoring/generate.py [DIRECTORY]` writes rules.yml and dashboard.json.

Both follow from slo.toml. An alert fires when the error budget burns too fast over a long and a
short window at once (Google's SRE workbook, chapter 5): the long one says that it matters, the
short one that it still goes on.
"""

import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PROBES = "/health|/api/v1/health.*|/metrics"
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
RUNBOOKS = "docs/runbooks.md"
SPEEDS = {"1h": 14.4, "6h": 6.0, "1d": 3.0, "3d": 1.0}
"""How many times as fast as 30 days allow the budget may burn over a window before an alert."""
SHORT = {"1h": "5m", "6h": "30m", "1d": "2h", "3d": "6h"}
URGENCY = {
    "Fast": ("page", ("1h", "6h"), "is gone within days"),
    "Slow": ("ticket", ("1d", "3d"), "will not last for its window"),
}


@dataclass(frozen=True)
class Objective:
    name: str
    budget: float
    """The share of the requests that may fail it."""
    failed: str
    """PromQL of the share that fails it, with `$window` for the range."""


def objectives(slo: dict[str, Any]) -> list[Objective]:
    requests = f'job="{slo["job"]}",route!~"{PROBES}"'
    bound = float(slo["latency"]["threshold_seconds"])
    errors = f'sum(rate(http_requests_total{{{requests},status=~"5.."}}[$window])) or vector(0)'
    all_requests = f"sum(rate(http_requests_total{{{requests}}}[$window]))"
    in_time = f'sum(rate(http_request_duration_seconds_bucket{{{requests},le="{bound}"}}[$window]))'
    timed = f"sum(rate(http_request_duration_seconds_count{{{requests}}}[$window]))"
    return [
        Objective("availability", _budget(slo["availability"]), f"({errors}) / {all_requests}"),
        Objective("latency", _budget(slo["latency"]), f"1 - {in_time} / {timed}"),
    ]


def rules(slo: dict[str, Any]) -> str:
    recorded = [_recorded(slo, one, window) for one in objectives(slo) for window in WINDOWS]
    alerts = [_alert(slo, one, speed) for one in objectives(slo) for speed in URGENCY]
    groups = {"slo-recorded": recorded, "slo-alerts": [*alerts, _absent(slo)]}
    lines = ["# Generated from slo.toml by generate.py; change that, not this.", "groups:"]
    for name, members in groups.items():
        lines += [f"  - name: {slo['job']}-{name}", "    rules:", *members]
    return "\n".join(lines) + "\n"


def dashboard(slo: dict[str, Any]) -> str:
    job = f'job="{slo["job"]}"'
    panels = [
        _panel(number, title, unit, queries)
        for number, (title, unit, queries) in enumerate(_graphs(slo, job))
    ]
    board = {
        "uid": slo["job"],
        "title": slo["job"],
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": panels,
    }
    return json.dumps(board, indent=2) + "\n"


def main(directory: Path) -> None:
    slo = tomllib.loads((HERE / "slo.toml").read_text())
    (directory / "rules.yml").write_text(rules(slo))
    (directory / "dashboard.json").write_text(dashboard(slo))


def _budget(objective: dict[str, float]) -> float:
    return round(1 - objective["objective_percent"] / 100, 6)


def _ratio(objective: Objective, window: str, job: str) -> str:
    return f'slo:error_ratio:rate{window}{{job="{job}",slo="{objective.name}"}}'


def _recorded(slo: dict[str, Any], objective: Objective, window: str) -> str:
    return f"""\
      - record: slo:error_ratio:rate{window}
        expr: {objective.failed.replace("$window", window)}
        labels:
          job: "{slo["job"]}"
          slo: {objective.name}"""


def _alert(slo: dict[str, Any], objective: Objective, urgency: str) -> str:
    severity, windows, consequence = URGENCY[urgency]
    burning = " or ".join(_burning(slo, objective, window) for window in windows)
    name = f"{objective.name.capitalize()}Budget{urgency}Burn"
    summary = f"At this rate the error budget of {objective.name} {consequence}."
    return _alert_text(slo, name, burning, severity, summary)


def _burning(slo: dict[str, Any], objective: Objective, window: str) -> str:
    most = round(SPEEDS[window] * objective.budget, 6)
    long, short = (_ratio(objective, one, slo["job"]) for one in (window, SHORT[window]))
    return f"({long} > {most} and {short} > {most})"


def _absent(slo: dict[str, Any]) -> str:
    summary = "No instance is scraped: it is down, or Prometheus cannot reach it."
    expression = f'absent(app_build_info{{job="{slo["job"]}"}})'
    return _alert_text(slo, "ServiceAbsent", expression, "page", summary, for_="5m")


def _alert_text(
    slo: dict[str, Any], name: str, expression: str, severity: str, summary: str, for_: str = "2m"
) -> str:
    return f"""\
      - alert: {name}
        expr: {expression}
        for: {for_}
        labels:
          service: "{slo["job"]}"
          severity: {severity}
        annotations:
          summary: "{summary}"
          runbook: {RUNBOOKS}#{name.lower()}"""


def _graphs(slo: dict[str, Any], job: str) -> list[tuple[str, str, list[str]]]:
    """Title, unit and queries of each panel."""
    served = f'{job},route!~"{PROBES}"'
    buckets = f"rate(http_request_duration_seconds_bucket{{{served}}}[5m])"
    by_route = f"histogram_quantile(0.95, sum by (le, method, route) ({buckets}))"
    quantiles = [
        f"histogram_quantile(0.{share}, sum by (le) ({buckets}))" for share in (50, 95, 99)
    ]
    burnt = [f"{_ratio(one, '1h', slo['job'])} / {one.budget}" for one in objectives(slo)]
    workers = f'job=~"{slo["job"]}(-worker)?"'
    job_seconds = f"sum by (le, name) (rate(job_duration_seconds_bucket{{{workers}}}[5m]))"
    return [
        ("Error budget: times as fast as allowed, 1 h", "none", burnt),
        ("Requests", "reqps", [_rate("status", "http_requests_total", job)]),
        ("Latency: p50, p95, p99", "s", quantiles),
        ("Slowest routes: p95", "s", [f"topk(5, {by_route})"]),
        ("In progress", "none", [f"sum(http_requests_in_progress{{{job}}})"]),
        ("Database pool", "none", [f"sum by (state) (db_pool_connections{{{job}}})"]),
        ("Accounts", "cps", [_rate("event, outcome", "auth_events_total", job)]),
        ("Refused by a limit", "reqps", [_rate("limit", "rate_limit_hits_total", job)]),
        ("Cache", "reqps", [_rate("outcome", "cache_requests_total", job)]),
        ("Jobs", "cps", [_rate("name, outcome", "jobs_total", workers)]),
        ("Duration of jobs: p95", "s", [f"histogram_quantile(0.95, {job_seconds})"]),
        ("Memory", "bytes", [f"process_resident_memory_bytes{{{job}}}"]),
        ("Builds", "none", [f"count by (version) (app_build_info{{{job}}})"]),
    ]


def _rate(labels: str, series: str, job: str) -> str:
    return f"sum by ({labels}) (rate({series}{{{job}}}[5m]))"


def _panel(number: int, title: str, unit: str, queries: list[str]) -> dict[str, Any]:
    return {
        "id": number + 1,
        "title": title,
        "type": "timeseries",
        "datasource": {"type": "prometheus", "uid": "${source}"},
        "fieldConfig": {"defaults": {"unit": unit}, "overrides": []},
        "gridPos": {"x": number % 2 * 12, "y": number // 2 * 8, "w": 12, "h": 8},
        "targets": [
            {"refId": chr(ord("A") + index), "expr": query, "legendFormat": "__auto"}
            for index, query in enumerate(queries)
        ],
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
