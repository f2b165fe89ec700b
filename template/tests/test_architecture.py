"""Rules of the design that no type checker sees.

The kernel knows no feature. A feature uses the kernel, support features, and another feature only
in a bridge: `features/<one>/<other>.py`, which imports the root of the other.
"""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from types import FrameType

import pytest

from tests.support import isolation
from tests.support.factories import login, make_user
from tests.support.service import Service

ROOT = Path(__file__).resolve().parents[1]
APP = ROOT / "app"
LAYERS = ("models", "schemas", "repositories", "services", "api")
KERNEL = ("core", *LAYERS, "commands")
SUPPORT_FEATURES = {"encryption", "mail", "state_store"}
"""Rendered when a part needs them; any feature may import them."""
COMPOSITION = {"app.main", "app.installed", "app.cli", "app.domains"}
STARTS_THE_APPLICATION = ("commands", "worker_command")
"""Modules of a feature that run from the command line."""
MAX_ENDPOINT_LINES = 15
MAX_MODULE_LINES = 300
MAX_FOLDER_MODULES = 20
MAX_LOGIN_FILES = 20
HTTP_METHODS = {"get", "post", "put", "patch", "delete"}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (APP / folder).rglob("*.py"))


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(path: Path) -> str:
    module = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    return module.removesuffix(".__init__")


MODULES = {dotted(path): path for path in [*modules("."), *(ROOT / "tooling").rglob("*.py")]}
TEMPLATES = {module: path for module, path in MODULES.items() if "domains" not in path.parts}
"""Without the domains of the project's owner."""


def imports(path: Path) -> Iterator[str]:
    """Dotted names; `from app.core import x` counts as `app.core.x`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def resolved(imported: str) -> str:
    """The module of this project that an import leads to, or an empty text."""
    while imported and imported not in MODULES:
        imported = imported.rpartition(".")[0]
    return imported


def used(path: Path) -> set[str]:
    return {module for imported in imports(path) if (module := resolved(imported))}


def inside(module: str, *packages: str) -> bool:
    return any(f"{module}.".startswith(f"{package}.") for package in packages)


def feature_of(module: str) -> str | None:
    return (
        module.split(".")[2] if inside(module, "app.features") and module.count(".") > 1 else None
    )


def is_allowed_to_a_feature(module: str, imported: str) -> bool:
    """Of two modules, where `module` belongs to a feature."""
    feature, other = feature_of(module), feature_of(imported)
    if other is not None:
        is_bridge = module == f"app.features.{feature}.{other}"
        is_root = imported == f"app.features.{other}"
        return other in {feature, *SUPPORT_FEATURES} or (is_bridge and is_root)
    if imported == "app.main" or inside(imported, "app.commands"):
        return module.split(".")[-1] in STARTS_THE_APPLICATION
    return not inside(imported, *COMPOSITION, "tooling")


@pytest.mark.parametrize("path", modules("core"), ids=name)
def test_core_imports_only_core(path: Path) -> None:
    assert {module for module in used(path) if not inside(module, "app.core")} == set()


@pytest.mark.parametrize("path", modules(*KERNEL), ids=name)
def test_the_kernel_imports_no_feature(path: Path) -> None:
    above = COMPOSITION - {"app.main"} if "commands" in path.parts else COMPOSITION

    assert {m for m in used(path) if inside(m, "app.features", "tooling", *above)} == set()


@pytest.mark.parametrize("path", modules("features"), ids=name)
def test_a_feature_imports_the_kernel_itself_and_what_it_bridges(path: Path) -> None:
    module = dotted(path)

    assert {m for m in used(path) if not is_allowed_to_a_feature(module, m)} == set()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_downwards(layer: str) -> None:
    allowed = [f"app.{one}" for one in ("core", *LAYERS[: LAYERS.index(layer) + 1])]

    for path in modules(layer):
        assert {m for m in used(path) if not inside(m, *allowed)} == set(), name(path)


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {module: used(path) - {module} for module, path in MODULES.items()}

    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a cycle: {' -> '.join(error.args[1])}")


def test_only_the_command_line_imports_the_tooling() -> None:
    users = {m for m, path in MODULES.items() if any(inside(i, "tooling") for i in used(path))}

    assert {module for module in users if not inside(module, "tooling")} == {"app.cli"}


@pytest.mark.parametrize("path", TEMPLATES.values(), ids=name)
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_MODULE_LINES


def test_a_folder_holds_few_modules() -> None:
    folders = Counter(path.parent for path in TEMPLATES.values())

    assert {name(folder): n for folder, n in folders.items() if n > MAX_FOLDER_MODULES} == {}


def test_a_class_has_a_name_of_its_own() -> None:
    defined = Counter(
        node.name
        for path in TEMPLATES.values()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef)
    )

    assert [defined_name for defined_name, count in defined.items() if count > 1] == []


def test_no_two_modules_of_a_folder_differ_by_an_ending_only() -> None:
    """`mail` and `mails`, `engine` and `engines`: nobody remembers which is which."""
    endings = ("s", "es", "er", "ers", "ing", "ed")
    names = {(path.parent, path.stem) for path in TEMPLATES.values()}
    names |= {(path.parent.parent, path.parent.name) for path in TEMPLATES.values()}

    alike = [
        f"{name(folder)}: {stem}, {stem + ending}"
        for folder, stem in names
        for ending in endings
        if (folder, stem + ending) in names
    ]

    assert alike == []


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
    paths = modules("api", "features")
    nodes = [node for path in paths for node in ast.walk(ast.parse(path.read_text()))]
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


async def test_a_login_passes_few_files_of_the_kernel(own_service: Service) -> None:
    """Beside those of features and those that every request passes."""
    user = await make_user(own_service)
    await login(own_service, user)  # what is done once per process is done

    with passed_files() as by_login:
        await login(own_service, user)
    with passed_files() as by_any_request:
        await own_service.client.post("/nowhere", json={})

    own = {file for file in by_login - by_any_request if not file.startswith("app/features/")}
    assert "app/services/auth.py" in own
    assert len(own) <= MAX_LOGIN_FILES, sorted(own)


@contextmanager
def passed_files() -> Iterator[set[str]]:
    """The files of `app/` in which a function is called meanwhile."""
    passed: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(APP):
            passed.add(name(path))

    sys.setprofile(note)
    try:
        yield passed
    finally:
        sys.setprofile(None)


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
