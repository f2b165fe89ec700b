"""Pages that are read off the code: `app config reference`, and the hook of the docs site.

Where a page has `<!-- generated: settings -->`, or `routes` or `parts`, the site has the table:
mkdocs.yml names this module as a hook.
"""

import ast
import inspect
import re
from collections.abc import Iterator
from enum import StrEnum
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

import typer
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app import main
from app.commands import serve
from app.core.settings import Settings, SettingsGroup
from app.main import create_app

PLACE = re.compile(r"^<!-- generated: (\w+) -->$", re.MULTILINE)
SOURCES = (create_app, serve)
"""Imported, so that every group of settings is known."""
KINDS = {
    bool: "`true` or `false`",
    int: "a whole number",
    float: "a number",
    str: "text",
    list: "a list with commas",
    SecretStr: "a secret",
    Path: "a path",
}
BOUNDS = {"ge": "from", "gt": "more than", "le": "to", "lt": "less than"}


def on_config(config: Any) -> Any:
    """Called by mkdocs: diagrams stay text, for the browser to draw.

    Not in mkdocs.yml, where the name of a function would take a tag that no other reader knows.
    """
    fences = import_module("pymdownx.superfences")  # of the group `docs`
    mermaid = {"name": "mermaid", "class": "mermaid", "format": fences.fence_code_format}
    config["mdx_configs"]["pymdownx.superfences"] = {"custom_fences": [mermaid]}
    return config


def on_page_markdown(markdown: str, **_: object) -> str:
    """Called by mkdocs for each page."""
    return PLACE.sub(lambda found: MAKERS[found[1]](), markdown)


def print_settings() -> None:
    """Print what every setting takes, is by default and means, as Markdown."""
    typer.echo(settings_reference())


def settings_reference() -> str:
    """Every setting that this project reads, as Markdown."""
    create_app(_defaults())
    return "\n".join(line for group in groups() for line in _group(group))


def routes_reference() -> str:
    """Every route of this project, its tags as headings, as Markdown."""
    tagged: dict[str, list[str]] = {}
    for path, methods in create_app(_defaults()).openapi()["paths"].items():
        for method, operation in methods.items():
            bearer = "a bearer" if "security" in operation else ""
            text = operation.get("description", operation["summary"]).split("\n\n")[0]
            row = f"| `{method.upper()} {path}` | {bearer} | {' '.join(text.split())} |"
            tagged.setdefault(operation["tags"][0], []).append(row)
    head = ("| route | needs | what it is for |", "|---|---|---|")
    return "\n".join(
        line for tag in sorted(tagged) for line in (f"### {tag}", "", *head, *tagged[tag], "")
    )


def parts_reference() -> str:
    """The parts of the application in the order in which `assembled` installs them."""
    body = ast.parse(inspect.getsource(main.assembled)).body
    rows = [
        f"| `{module.__name__}` | {_first_sentence(module)} |"
        for call in ast.walk(body[0])
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "install"
        and inspect.ismodule(module := vars(main).get(ast.unparse(call.func.value)))
    ]
    return "\n".join(("| part | what it is for |", "|---|---|", *rows))


def groups() -> list[type[SettingsGroup]]:
    """Of this process: an application must have been made before."""
    found = {kind for kind in _subclasses(SettingsGroup) if not kind.__module__.startswith("tests")}
    return sorted(found, key=_title)


def meanings(group: type[SettingsGroup]) -> dict[str, str]:
    """What stands below each field, or in its description; empty where nothing does."""
    texts = {name: field.description or "" for name, field in group.model_fields.items()}
    try:
        (definition,) = ast.parse(inspect.getsource(group)).body
    except (OSError, TypeError):  # made at run time
        return texts
    body = definition.body if isinstance(definition, ast.ClassDef) else []
    for field, text in pairwise(body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str())):
                texts[name] = inspect.cleandoc(ast.literal_eval(text.value)).replace("\n", " ")
    return texts


def _defaults() -> Settings:
    return Settings(env_file=None, environment="development")


def _group(group: type[SettingsGroup]) -> Iterator[str]:
    texts = meanings(group)
    yield from (f"### {_title(group)}", "", "| setting | value | default | meaning |")
    yield "|---|---|---|---|"
    for name, field in group.model_fields.items():
        cells = (f"`{name.upper()}`", _value(field), _default(field), texts[name])
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _title(group: type[SettingsGroup]) -> str:
    """`SecurityHeadersSettings` is "Security headers"."""
    name = re.sub(r"_?settings$", "", group.__name__, flags=re.IGNORECASE)
    return re.sub(r"(?<=[a-z])([A-Z])", r" \1", name).capitalize()


def _value(field: FieldInfo) -> str:
    bounds = [
        f"{word} {getattr(limit, bound):,}".replace(",", " ")
        for bound, word in BOUNDS.items()
        for limit in field.metadata
        if hasattr(limit, bound)
    ]
    return " ".join([_kind(field.annotation), *bounds])


def _kind(annotation: Any) -> str:
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return " or ".join(_kind(one) for one in get_args(annotation) if one is not NoneType)
    if hasattr(annotation, "__metadata__"):
        return _kind(annotation.__origin__)
    if origin is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{choice.value}`" for choice in annotation)
    return KINDS.get(origin or annotation, "text")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or value == []:
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _first_sentence(module: object) -> str:
    paragraph = (inspect.getdoc(module) or "").split("\n\n")[0]
    return " ".join(paragraph.split()).split(". ")[0]


def _subclasses(kind: type[SettingsGroup]) -> Iterator[type[SettingsGroup]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


MAKERS = {
    "settings": settings_reference,
    "routes": routes_reference,
    "parts": parts_reference,
}
