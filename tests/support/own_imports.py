"""Imports between a rendered project's own modules, compared with the modules that it has."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.support.imports import OWN


def unresolved(project: Path) -> set[str]:
    """Imports of a module or a name that the project lacks: `importing file: module.name`."""
    return {
        f"{path.relative_to(project).as_posix()}: {module}.{name}"
        for folder in OWN
        for path in (project / folder).rglob("*.py")
        for module, name in _imported(path.read_text())
        if not _is_there(project, module, name)
    }


@cache
def _imported(source: str) -> frozenset[tuple[str, str]]:
    """Module and name of each import of an own module; the name is empty for `import module`."""
    found: set[tuple[str, str]] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {(alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {(node.module, alias.name) for alias in node.names}
    return frozenset(pair for pair in found if pair[0].partition(".")[0] in OWN)


def _is_there(project: Path, module: str, name: str) -> bool:
    place = project.joinpath(*module.split("."))
    source = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    if not name:
        return source.is_file() or place.is_dir()
    if (place / name).is_dir() or (place / f"{name}.py").is_file():
        return True
    return source.is_file() and name in _bound(source.read_text())


@cache
def _bound(source: str) -> frozenset[str]:
    return frozenset(_names(ast.parse(source)))


def _names(scope: ast.AST) -> Iterator[str]:
    """What a module binds: also in its `if` and `try`, not in its functions and classes."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
            continue
        if isinstance(node, ast.alias):
            yield node.asname or node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        yield from _names(node)
