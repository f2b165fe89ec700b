"""`app new domain`: a resource with its table, routes, migration and tests."""

import ast
import secrets
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from app.api.v1.router import ROUTERS
from app.core.database import Base, migrations
from tooling.new import fields, files, names
from tooling.new.names import Forms, RefusedError
from tooling.new.registration import with_domain

PROBE = names.forms("zeta_probes", "zeta_probe")
MAX_IDENTIFIER_LENGTH = 63
"""PostgreSQL's."""


def write_domain(
    project: Path, plural: str, words: list[str], singular: str | None = None
) -> list[str]:
    """Paths of the files written. Raises RefusedError before anything is written."""
    forms = names.read(plural, singular)
    _require_new(project, forms)
    read = fields.read(words, project)
    _require_short(plural, read)
    values = {"revision": secrets.token_hex(6), "fields": read, **_place_in_history()}
    values["creating_route"] = find_spec("app.api.creating_route") is not None
    _require_free(forms, files.filled("domain", **PROBE, **values))
    texts = files.filled("domain", **forms, **values)
    texts[files.INSTALLED] = with_domain((project / files.INSTALLED).read_text(), plural)
    return files.write(project, texts)


def _require_new(project: Path, forms: Forms) -> None:
    plural = forms["plural"]
    for folder in (f"app/domains/{plural}", f"tests/domains/{plural}"):
        if (project / folder).exists():
            raise RefusedError(f"{folder} is there already")
    if plural in Base.metadata.tables or f"/{forms['slug']}" in {one.prefix for one in ROUTERS}:
        raise RefusedError(f"the service has {plural} of its own")


def _require_short(table: str, read: list[fields.Field]) -> None:
    for field in read:
        name = field.foreign_key(table)
        if field.target and len(name) > MAX_IDENTIFIER_LENGTH:
            raise RefusedError(f"{name} is too long for a name in a database")


def _require_free(forms: Forms, of_probe: dict[str, str]) -> None:
    """The generated code uses names too: they are read in the code of a probe."""
    sources = [text for path, text in of_probe.items() if not path.startswith("migrations/")]
    taken = {word for source in sources for word in _identifiers(source)}
    entity = PROBE["Entity"]
    suffixes = ("", *(word.removeprefix(entity) for word in taken if entity in word))
    wanted = {forms["plural"], forms["singular"]}
    wanted |= {forms["Entity"] + suffix for suffix in suffixes}
    if used := sorted(wanted & taken):
        raise RefusedError(f"{forms['plural']!r}: {used[0]} has a meaning of its own in the code")


def _identifiers(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.arg(arg=name) | ast.alias(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name


def _place_in_history() -> dict[str, object]:
    own, template_heads = migrations.heads()
    if len(own) > 1:
        raise RefusedError("your branch of the migrations has two heads: merge them first")
    return {
        "down_revision": own[0] if own else None,
        "branch_labels": None if own else (migrations.OWN_BRANCH,),
        "depends_on": template_heads,
    }
