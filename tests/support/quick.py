"""Copier, for tests that render hundreds of times: what it does again for every file is done once.

It compiles each part of each path anew, and asks git once a file for a setting. What is rendered is
the same: what Jinja compiles depends on the text and on options that are in the key here, and only
where git keeps no modes of files does the answer matter. What measures Copier, and the commands of
the READMEs and of the tutorial, run it as it is.
"""

import sys
from typing import Any

import jinja2
from copier._cli import CopierApp
from copier._main import Worker

OPTIONS = ("keep_trailing_newline", "trim_blocks", "lstrip_blocks", "optimized", "autoescape")

type Key = tuple[object, ...]

_compile = jinja2.Environment.compile
_compiled: dict[Key, Any] = {}


def install() -> None:
    jinja2.Environment.compile = _compile_once  # type: ignore[method-assign]
    if sys.platform != "win32":
        Worker._sync_git_index_executable_bit = _nothing  # type: ignore[method-assign,assignment]


def _compile_once(self: jinja2.Environment, source: Any, *arguments: Any, **named: Any) -> Any:
    options = [getattr(self, name) for name in OPTIONS]
    key = (type(self), source, *arguments, *named.items(), *options, *sorted(self.extensions))
    if key not in _compiled:
        _compiled[key] = _compile(self, source, *arguments, **named)
    return _compiled[key]


def _nothing(*_: object) -> None: ...


if __name__ == "__main__":
    install()
    CopierApp.run()
