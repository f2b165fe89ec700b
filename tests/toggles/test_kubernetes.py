"""`deployment: kubernetes`: every overlay is valid, keeps to the policy, and is scraped."""

import json
import tomllib
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.support.process import run
from tests.support.rendering import render

SCHEMA_VERSION = "1.37"
OVERLAYS = ["development", "staging", "production"]
CUSTOM_KINDS = {"ExternalSecret", "SecretStore", "ServiceMonitor", "PodMonitor"}
"""Defined by operators: the schemas of the Kubernetes API do not know them."""
DRAIN_SECONDS = 5
REQUEST_SECONDS = 15
"""DRAIN_SECONDS and SHUTDOWN_TIMEOUT_SECONDS of the service, in production."""
WORKER_SHUTDOWN_SECONDS = 20


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With everything that a deployment starts and what scrapes it."""
    directory = tmp_path_factory.mktemp("kubernetes") / "service"
    parts: dict[str, Any] = {"redis": True, "background_jobs": "arq", "telemetry": ["prometheus"]}
    return render(directory, deployment=["kubernetes"], **parts)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_of_an_overlay_is_valid(project: Path, overlay: str) -> None:
    kinds = []
    for manifest in built(project, overlay):
        kinds.append(manifest["kind"])
        if manifest["kind"] not in CUSTOM_KINDS:
            kubernetes_validate.validate(manifest, SCHEMA_VERSION, strict=True)

    assert {"Deployment", "Job", "Service", "Ingress", "NetworkPolicy", "ConfigMap"} <= set(kinds)
    assert {"HorizontalPodAutoscaler", "PodDisruptionBudget", "ServiceAccount"} <= set(kinds)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_keeps_to_the_policy(project: Path, overlay: str) -> None:
    pods = [one["spec"]["template"]["spec"] for one in built(project, overlay) if pod_of(one)]

    assert pods
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert pod["automountServiceAccountToken"] is False
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert set(container["resources"]) == {"requests", "limits"}
            assert not container["image"].endswith(":latest")
            assert "env" not in container


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_pod_reads_the_secrets_where_its_settings_say(project: Path, overlay: str) -> None:
    manifests = built(project, overlay)
    (settings,) = [one["data"] for one in manifests if one["kind"] == "ConfigMap"]

    for pod in (one["spec"]["template"]["spec"] for one in manifests if pod_of(one)):
        volumes = {
            one["name"]: one["secret"]["secretName"] for one in pod["volumes"] if "secret" in one
        }
        for container in pod["containers"]:
            mounts = {
                one["mountPath"]: volumes.get(one["name"]) for one in container["volumeMounts"]
            }
            assert mounts[settings["SECRETS_DIR"]] == "app-secrets"
            assert [source for source in container["envFrom"] if "secretRef" in source] == []


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_what_serves_is_probed_and_drains_in_time(project: Path, overlay: str) -> None:
    deployments = {
        one["metadata"]["labels"]["app.kubernetes.io/component"]: one["spec"]["template"]["spec"]
        for one in built(project, overlay)
        if one["kind"] == "Deployment"
    }
    pod, worker = deployments["api"], deployments["worker"]
    (container,) = pod["containers"]
    before_stop = int(container["lifecycle"]["preStop"]["exec"]["command"][1])

    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container)
    assert pod["terminationGracePeriodSeconds"] > before_stop + DRAIN_SECONDS + REQUEST_SECONDS
    assert pod["topologySpreadConstraints"]
    assert {"startupProbe", "livenessProbe"} <= set(worker["containers"][0])
    assert worker["terminationGracePeriodSeconds"] > WORKER_SHUTDOWN_SECONDS


@pytest.mark.parametrize("overlay", ["staging", "production"])
def test_monitors_find_what_they_scrape(project: Path, overlay: str) -> None:
    manifests = {(one["kind"], one["metadata"]["name"]): one for one in built(project, overlay)}
    (settings,) = [one["data"] for key, one in manifests.items() if key[0] == "ConfigMap"]
    service, monitor = manifests["Service", "app"], manifests["ServiceMonitor", "app"]["spec"]
    worker, pods = manifests["Deployment", "worker"], manifests["PodMonitor", "worker"]["spec"]
    labels = worker["spec"]["template"]["metadata"]["labels"]
    job = tomllib.loads((project / "deploy" / "monitoring" / "slo.toml").read_text())["job"]
    (port,) = worker["spec"]["template"]["spec"]["containers"][0]["ports"]
    (rules,) = [
        one["spec"]["ingress"] for key, one in manifests.items() if key[0] == "NetworkPolicy"
    ]
    scraped = [*monitor["endpoints"], *pods["podMetricsEndpoints"]]

    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert service["metadata"]["labels"][monitor["jobLabel"]] == job
    assert monitor["endpoints"][0]["port"] == service["spec"]["ports"][0]["name"]
    assert pods["selector"]["matchLabels"].items() <= labels.items()
    assert labels[pods["jobLabel"]] == job
    (renamed,) = pods["podMetricsEndpoints"][0]["relabelings"]
    assert (renamed["targetLabel"], renamed["replacement"]) == ("job", f"{job}-worker")
    assert pods["podMetricsEndpoints"][0]["port"] == port["name"]
    assert str(port["containerPort"]) == settings["WORKER_METRICS_PORT"]
    assert {one["path"] for one in scraped} == {"/metrics"}
    for one in scraped:
        assert one["authorization"]["credentials"] == {
            "name": "app-secrets",
            "key": "MONITORING_TOKEN",
        }
    let_in = [rule for rule in rules if "monitoring" in json.dumps(rule["from"])]
    assert {one["port"] for rule in let_in for one in rule["ports"]} == {"http", "metrics"}


def test_nothing_is_monitored_without_metrics_or_an_operator(project: Path, tmp_path: Path) -> None:
    parts: dict[str, Any] = {"redis": True, "background_jobs": "arq"}
    without = render(tmp_path / "service", preset="minimal", deployment=["kubernetes"], **parts)

    for manifests in (built(without, "production"), built(project, "development")):
        assert not [one for one in manifests if one["kind"].endswith("Monitor")]
        assert "WORKER_METRICS_PORT" not in json.dumps(manifests)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_secret_stands_in_a_config_map(project: Path, overlay: str) -> None:
    manifests = built(project, overlay)
    (settings,) = [one["data"] for one in manifests if one["kind"] == "ConfigMap"]

    assert settings["ENVIRONMENT"] == "production"
    assert settings["TRUSTED_HOSTS"].endswith("example.org")
    assert settings["TRUSTED_PROXIES"] == "10.0.0.0/8"
    words = ("KEY", "SECRET", "PASSWORD", "TOKEN", "DATABASE_URL", "MAIL_URL")
    named = set(settings) - {
        "SECRETS_DIR",
        "JWT_KEYS_DIR",
    }  # directories, which are none themselves
    assert not [name for name in named if any(word in name for word in words)]
    assert not [one for one in manifests if one["kind"] == "Secret"]


def built(project: Path, overlay: str) -> list[dict[str, Any]]:
    folder = f"deploy/kubernetes/overlays/{overlay}"
    return list(yaml.safe_load_all(run("kubectl", "kustomize", folder, cwd=project)))


def pod_of(manifest: dict[str, Any]) -> bool:
    return manifest["kind"] in {"Deployment", "Job"}
