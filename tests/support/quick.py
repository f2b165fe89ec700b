"""Copier, for tests that render hundreds of times: what it does again for every file is done once.

It compiles and renders each part of each path anew, and asks git once a file for a setting. What is
rendered is the same: what Jinja compiles depends on the text and on options that are in the key
here, a text without a brace is what it renders to, and only where git keeps no modes of files does
the answer matter. What measures Copier, and the commands of the READMEs and of the tutorial, run it
as it is.
"""

import sys
import warnings
from pathlib import Path
from typing import Any

import jinja2
from copier._cli import CopierApp
from copier._main import Worker

OPTIONS = ("keep_trailing_newline", "trim_blocks", "lstrip_blocks", "optimized", "autoescape")

type Key = tuple[object, ...]

_compile = jinja2.Environment.compile
_compiled: dict[Key, Any] = {}
_render_string = Worker._render_string
_answers_relpath = Worker.answers_relpath


def install() -> None:
    jinja2.Environment.compile = _compile_once  # type: ignore[method-assign]
    Worker._render_string = _rendered  # type: ignore[method-assign]
    Worker.answers_relpath = property(_answers_path)  # type: ignore[assignment,method-assign]
    if sys.platform != "win32":
        Worker._sync_git_index_executable_bit = _nothing  # type: ignore[method-assign,assignment]


def _compile_once(self: jinja2.Environment, source: Any, *arguments: Any, **named: Any) -> Any:
    options = [getattr(self, name) for name in OPTIONS]
    key = (type(self), source, *arguments, *named.items(), *options, *sorted(self.extensions))
    if key not in _compiled:
        _compiled[key] = _compile(self, source, *arguments, **named)
    return _compiled[key]


def _rendered(self: Worker, string: str, extra_context: Any = None) -> str:
    if "{" in string or "\n" in string:
        return _render_string(self, string, extra_context)
    return string


def _answers_path(self: Worker) -> Path:
    path = Path(self.answers_file or self.template.answers_relpath)
    rendered: Path = _answers_relpath.__get__(self) if "{" in str(path) else path
    return rendered


def _nothing(*_: object) -> None: ...


def copier(*arguments: str | Path) -> None:
    """The command line, in this process, where it finds again what it compiled before."""
    with warnings.catch_warnings(action="ignore"):
        _, status = CopierApp.run(["copier", *map(str, arguments)], exit=False)
    assert status == 0, f"copier {arguments}: {status}"
