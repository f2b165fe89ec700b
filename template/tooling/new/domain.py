"""The files of a domain: `templates/`, filled with what the names and the fields come to."""

import ast
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

from alembic.script import ScriptDirectory

from app.commands.db import OWN_BRANCH, heads_by_owner
from app.core.database import migrations
from tooling.new import blocks
from tooling.new.fields import Field
from tooling.new.names import Names, RefusedError

TEMPLATES = Path(__file__).parent / "templates"
PACKAGE = ("__init__", "models", "schemas", "repository", "service", "endpoints")
PYTHON = (*PACKAGE, "factory", "test")
OPTIONAL = {
    "filtering": "query_filters",
    "searching": "searched_words",
    "search_alias": "searched_words",
    "search_query": "searched_words",
    "null_order": "null_ordered",
    "null_test": "optional_names",
    "filter_test": "filter_cases",
    "search_test": "searched_name",
    "reference_test": "reference_names",
    "decimal_test": "decimal_names",
}
"""Parts of templates, by the block without which they have no meaning."""
PROBE = Names("zeta_probes", "zeta_probe")
MAX_IDENTIFIER_LENGTH = 63
"""PostgreSQL's."""


def files(names: Names, fields: list[Field]) -> dict[str, str]:
    """Texts by their paths in the project, not formatted yet. Raises RefusedError."""
    _require_short(names, fields)
    _require_free(names, fields)
    values = _values(names, fields)
    package, tests = f"app/domains/{names.plural}", f"tests/domains/{names.plural}"
    texts = {f"{package}/{name}.py": _filled(name, values) for name in PACKAGE}
    texts[f"{tests}/factory.py"] = _filled("factory", values)
    texts[f"{tests}/test_{names.plural}.py"] = _filled("test", values)
    revision = f"migrations/versions/{values['revision']}_add_{names.plural}.py"
    texts[revision] = _filled("migration", values | _place_in_history())
    return texts


def _values(names: Names, fields: list[Field]) -> dict[str, str]:
    values = names.placeholders() | {"revision": secrets.token_hex(6)}
    values |= blocks.of_layers(names, fields)
    values |= blocks.of_migration(names, fields)
    values |= blocks.of_tests(fields)
    for part, needed in OPTIONAL.items():
        text = _filled(f"optional/{part}", values) if values[needed] else ""
        values[part] = text.removesuffix("\n")
    return values


def _place_in_history() -> dict[str, str]:
    own, template_heads = heads_by_owner(ScriptDirectory.from_config(migrations.configuration()))
    if len(own) > 1:
        raise RefusedError("your branch of the migrations has two heads: merge them first")
    return {
        "down_revision": repr(own[0] if own else None),
        "branch_labels": repr(None if own else (OWN_BRANCH,)),
        "depends_on": repr(template_heads),
    }


def _require_free(names: Names, fields: list[Field]) -> None:
    """The generated code uses names too: it is written for a probe, and read for what it takes."""
    values = _values(PROBE, fields)
    taken = {word for name in PYTHON for word in _identifiers(_filled(name, values))}
    suffixes = ("", *(word.removeprefix(PROBE.entity) for word in taken if PROBE.entity in word))
    wanted = {names.plural, names.singular, *(names.entity + suffix for suffix in suffixes)}
    if used := sorted(wanted & taken):
        raise RefusedError(f"{names.plural!r}: {used[0]} has a meaning of its own in the code")


def _require_short(names: Names, fields: list[Field]) -> None:
    for field in fields:
        name = blocks.foreign_key(names.plural, field)
        if field.target and len(name) > MAX_IDENTIFIER_LENGTH:
            raise RefusedError(f"{name} is too long for a name in a database")


def _identifiers(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.alias(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name


def _filled(name: str, values: Mapping[str, str]) -> str:
    return Template((TEMPLATES / f"{name}.txt").read_text()).substitute(values)
