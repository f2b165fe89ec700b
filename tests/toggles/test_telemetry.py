"""`telemetry`: a process that is scraped, one that exports traces, both or neither."""

import re
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx2
import pytest

from tests.support.environment import prepare
from tests.support.parts import assert_exactly, mentions
from tests.support.rendering import render
from tests.support.serving import free_port, served

OFF: list[str] = []
TOKEN = "a-token-of-development"  # noqa: S105
PROMETHEUS = ["prometheus"]
LINK = "What is measured and traced is on [another page](telemetry.md)."
LINES: dict[str, dict[str, set[str]]] = {
    "prometheus": {
        "pyproject.toml": {
            '    "prometheus-client~=0.26",',
            '    "deploy/monitoring",',
        },
        "docs/deployment.md": {LINK},
        "docs/security/asvs.md": {
            "| `telemetry` | 13 | set `MONITORING_TOKEN`,"
            " without which production serves no metrics |"
        },
        "app/main.py": {
            "    metrics,",
            "    metrics.install(app, settings)",
        },
        ".env.example": {"# METRICS_ENABLED=true"},
    },
    "opentelemetry": {
        "docs/deployment.md": {LINK, "With tracing, `trace_id` and `span_id` too."},
        "docs/security/asvs.md": {
            "| `telemetry` | 12, 14 | reach the collector over TLS;"
            " traces hold no values of statements |"
        },
        "pyproject.toml": {
            '    "opentelemetry-api~=1.45",',
            '    "opentelemetry-sdk~=1.45",',
            '    "opentelemetry-exporter-otlp-proto-http~=1.45",',
            '    "opentelemetry-proto~=1.45",',
            '    "opentelemetry-instrumentation-httpx>=0.66b1,<1",',
        },
        "app/main.py": {
            "from app.features.tracing import Telemetry",
            "    telemetry = Telemetry(settings)",
            "        telemetry=telemetry.options,",
            "    telemetry.install(app, settings)",
        },
        ".env.example": {
            "# OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318",
            "# OTEL_EXPORTER_OTLP_HEADERS=",
            "# OTEL_EXPORTER_OTLP_TIMEOUT=5",
            "# OTEL_SDK_DISABLED=false",
            "# OTEL_SERVICE_NAME=my-service",
            "# OTEL_TRACES_SAMPLER=parentbased_traceidratio",
            "# OTEL_TRACES_SAMPLER_ARG=1.0",
            "# OTEL_BSP_MAX_QUEUE_SIZE=2048",
            "# OTEL_METRIC_EXPORT_INTERVAL=60000",
        },
    },
}
LOST = {
    "prometheus": {},
    "opentelemetry": {
        "app/main.py": {'        telemetry={"tracing": False, "metrics": False, "logs": False},'}
    },
}
WORDS = {
    "prometheus": re.compile(r"prometheus|METRICS_ENABLED|features\.metrics"),
    "opentelemetry": re.compile(r"opentelemetry|OTEL_|features\.tracing"),
}


@pytest.mark.parametrize("choice", LINES)
def test_exactly_its_files_and_lines_come_and_go(tmp_path: Path, choice: str) -> None:
    assert_exactly(
        tmp_path,
        {"telemetry": OFF, "deployment": []},
        {"telemetry": [choice], "deployment": []},
        gained=LINES[choice],
        lost=LOST[choice],
    )


@pytest.mark.parametrize("choice", LINES)
def test_without_it_there_is_no_word_of_it(tmp_path: Path, choice: str) -> None:
    off = render(tmp_path / "off", telemetry=[other for other in LINES if other != choice])

    assert mentions(off, WORDS[choice]) == {}


def test_a_scrape_passes_promtool_and_is_404_without_it(tmp_path: Path) -> None:
    with_it = _prepared(tmp_path / "with", PROMETHEUS)
    without = _prepared(tmp_path / "without", OFF)

    status, text = _scraped(with_it)
    assert status == httpx2.codes.OK
    assert 'http_requests_total{method="GET",route="/health",status="200"}' in text
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=text, text=True, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
    assert _scraped(without)[0] == httpx2.codes.NOT_FOUND


@pytest.mark.needs("prometheus")
def test_a_prometheus_with_the_configuration_sees_the_service(tmp_path: Path) -> None:
    project = _prepared(tmp_path, PROMETHEUS)
    token = tmp_path / "token"
    token.write_text(TOKEN)
    served_on, answers_on = free_port(), free_port()
    monitoring = project / "deploy" / "monitoring"
    given = (monitoring / "prometheus.yml").read_text()
    for stands, here in {
        "127.0.0.1:8000": f"127.0.0.1:{served_on}",
        "/etc/prometheus/monitoring_token": str(token),
        "scrape_interval: 15s": "scrape_interval: 1s",
    }.items():
        assert stands in given
        given = given.replace(stands, here)
    (monitoring / "here.yml").write_text(given)
    serve = f"env MONITORING_TOKEN={TOKEN} .venv/bin/app serve --port {served_on}"
    series = ("--config.file", monitoring / "here.yml", "--storage.tsdb.path", tmp_path / "series")
    address = f"127.0.0.1:{answers_on}"

    with (
        served(serve, cwd=project, port=served_on),
        subprocess.Popen(
            ["prometheus", *series, "--web.listen-address", address], stderr=subprocess.DEVNULL
        ) as prometheus,
    ):
        try:
            assert _seen(f"http://{address}", "up") == [("my-service", "1")]
        finally:
            prometheus.terminate()


def test_a_request_reaches_the_collector_only_with_it(tmp_path: Path) -> None:
    with_it = _prepared(tmp_path / "with", ["opentelemetry"])
    without = _prepared(tmp_path / "without", OFF)

    assert _exported(with_it) == {"/v1/traces", "/v1/metrics"}
    assert _exported(without) == set()


def _seen(prometheus: str, query: str) -> list[tuple[str, str]]:
    """Job and value of each series, as soon as there is one."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            answer = httpx2.get(f"{prometheus}/api/v1/query", params={"query": query})
            if found := answer.json()["data"]["result"]:
                return [(one["metric"]["job"], one["value"][1]) for one in found]
        except (httpx2.TransportError, ValueError, KeyError):
            pass
        time.sleep(0.2)
    raise AssertionError(f"{query} has no value after 30 s")


def _exported(project: Path) -> set[str]:
    """The paths of what a collector was sent, from one request to the end of the service."""
    paths: set[str] = set()

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.add(self.path)
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(httpx2.codes.OK)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        Thread(target=server.serve_forever).start()
        port = free_port()
        endpoint = f"OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:{server.server_port}"
        command = f"env {endpoint} .venv/bin/app serve --port {port}"
        with served(command, cwd=project, port=port) as url:
            httpx2.get(f"{url}/nowhere")
        server.shutdown()
    return paths


def _prepared(folder: Path, telemetry: list[str]) -> Path:
    project = render(folder / "service", telemetry=telemetry, database="sqlite")
    prepare(project)
    return project


def _scraped(project: Path) -> tuple[int, str]:
    port = free_port()
    with served(f".venv/bin/app serve --port {port}", cwd=project, port=port) as url:
        answer = httpx2.get(f"{url}/metrics")
    return answer.status_code, answer.text
