"""Rules of the design that no type checker sees."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import isolation

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"
LAYERS = ("models", "schemas", "repositories", "services", "api")
MAX_ENDPOINT_LINES = 15
MAX_MODULE_LINES = 200
LONGER_MODULES = {
    "app/core/http/errors.py": "the error tree, its drawing and its one handler belong together",
}
HTTP_METHODS = {"get", "post", "put", "patch", "delete"}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (APP / folder).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[str]:
    """Dotted names; `from app.core import x` counts as `app.core.x`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def ours(path: Path) -> list[str]:
    return [module for module in imports(path) if f"{module}.".startswith("app.")]


def inside(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


@pytest.mark.parametrize("path", modules("core"), ids=name)
def test_core_imports_only_core(path: Path) -> None:
    assert [module for module in ours(path) if not inside(module, "app.core")] == []


@pytest.mark.parametrize(
    "path", modules("core", "api", "services", "repositories", "models", "schemas"), ids=name
)
def test_the_layers_import_neither_features_nor_domains(path: Path) -> None:
    optional = [
        module
        for module in ours(path)
        if inside(module, "app.features") or inside(module, "app.domains")
    ]

    assert optional == []


def test_no_feature_imports_another() -> None:
    for path in modules("features"):
        feature = path.relative_to(APP / "features").parts[0].removesuffix(".py")
        allowed = ("app.core", f"app.features.{feature}")
        foreign = [m for m in ours(path) if not any(inside(m, package) for package in allowed)]
        assert foreign == [], name(path)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_downwards(layer: str) -> None:
    allowed = tuple(f"app.{one}" for one in ("core", *LAYERS[: LAYERS.index(layer) + 1]))

    for path in modules(layer):
        upwards = [m for m in ours(path) if not any(inside(m, package) for package in allowed)]
        assert upwards == [], name(path)


@pytest.mark.parametrize("path", modules("services", "repositories", "models"), ids=name)
def test_only_the_sessions_maker_commits(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    called = {call.func.attr for call in calls if isinstance(call.func, ast.Attribute)}

    assert not called & {"commit", "rollback"}


def is_routed(node: ast.AsyncFunctionDef | ast.FunctionDef) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr in HTTP_METHODS
        for decorator in node.decorator_list
    )


def endpoints() -> list[ast.AsyncFunctionDef | ast.FunctionDef]:
    nodes = [node for path in modules("api") for node in ast.walk(ast.parse(path.read_text()))]
    functions = [n for n in nodes if isinstance(n, ast.AsyncFunctionDef | ast.FunctionDef)]
    return [function for function in functions if is_routed(function)]


@pytest.mark.parametrize("endpoint", endpoints(), ids=lambda node: node.name)
def test_an_endpoint_is_short_and_catches_nothing(
    endpoint: ast.AsyncFunctionDef | ast.FunctionDef,
) -> None:
    assert endpoint.end_lineno is not None
    lines = endpoint.end_lineno - endpoint.body[0].lineno + 1

    assert lines <= MAX_ENDPOINT_LINES
    assert not any(isinstance(node, ast.Try) for node in ast.walk(endpoint))


@pytest.mark.parametrize("path", modules("."), ids=name)
def test_a_module_is_short_unless_the_table_says_why(path: Path) -> None:
    lines = len(path.read_text().splitlines())

    assert lines <= MAX_MODULE_LINES or name(path) in LONGER_MODULES or _is_owners(path)


def test_importing_the_application_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No engine, no settings, no file of the project, no variable of a setting."""
    for variable in isolation.configured_variables():
        monkeypatch.delenv(variable)
    process = subprocess.run(
        [sys.executable, "-c", WATCHED_IMPORT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 0, process.stderr
    assert list(tmp_path.iterdir()) == []


WATCHED_IMPORT = """
import os
import sys

import sqlalchemy.ext.asyncio

opened, read = [], []
code = (".py", ".pyc", ".so")


def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], str):
        path = arguments[0]
        if not path.endswith(code) and "__pycache__" not in path and "site-packages" not in path:
            opened.append(path)


class Watched(type(os.environ)):
    def __getitem__(self, key):
        read.append(key)
        return super().__getitem__(key)


def refuse(*arguments, **options):
    raise AssertionError("an engine at import")


os.environ.__class__ = Watched
sqlalchemy.ext.asyncio.create_async_engine = refuse
sys.addaudithook(watch)
import app.main
import app.cli

names = {
    name.upper()
    for group in app.core.settings.SettingsGroup.__subclasses__()
    for name in group.model_fields
}
assert "app" not in vars(app.main), "the application was built"
assert not names & set(read), names & set(read)
assert not [path for path in opened if os.getcwd() in path], opened
"""


def _is_owners(path: Path) -> bool:
    return path.is_relative_to(APP / "domains")
