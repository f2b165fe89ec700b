"""What the fields of a domain put into its templates: lines of Python, one block a placeholder."""

import json
from collections.abc import Iterable

from tooling.new.fields import Field
from tooling.new.names import Names


def of_layers(names: Names, fields: list[Field]) -> dict[str, str]:
    """Blocks of models, schemas and repository."""
    table = names.plural
    ordered = ["created_at", *(field.name for field in fields if field.is_ordered)]
    filters = [field.name for field in fields if field.is_filter]
    searched = [field.name for field in fields if field.is_searched]
    constants = [f"FILTERS = ({', '.join(map(json.dumps, filters))},)"] if filters else []
    if searched:
        columns = ", ".join(f"{table}.c.{name}" for name in searched)
        constants.append(f"SEARCHED = ({columns},)")
    return {
        "columns": _lines(_column(field) for field in fields),
        "aliases": "\n".join(field.alias for field in fields if field.alias),
        "orders": _lines(f'"{name}",\n    "-{name}",' for name in ordered),
        "response_fields": _lines(f"{f.name}: {f.answer or f.python}{f.or_none}" for f in fields),
        "query_filters": _lines(
            f"{f.name}: {f.python} | None = None" for f in fields if f.is_filter
        ),
        "body_fields": _lines(f"{f.name}: {f.body}{f.or_none}{_default(f)}" for f in fields),
        "update_fields": _lines(
            f"{f.name}: {f.body} | MISSING{f.or_none} = MISSING" for f in fields
        ),
        "null_clears": "; null clears" if any(field.is_optional for field in fields) else "",
        "listed_columns": _lines(f"{table}.c.{field.name}," for field in fields),
        "constants": "\n".join(constants),
        "null_ordered": _names(f for f in fields if f.is_ordered and f.is_optional),
        "searched_words": _sentence([name.replace("_", " ") for name in searched]),
    }


def of_migration(names: Names, fields: list[Field]) -> dict[str, str]:
    table = names.plural
    references = [field for field in fields if field.target]
    return {
        "migration_columns": "\n".join(
            f'sa.Column("{field.name}", {field.sql}, nullable={field.is_optional}),'
            for field in fields
        ),
        "foreign_keys": "\n".join(
            f'sa.ForeignKeyConstraint(["{field.name}"], ["{field.target}.id"], '
            f'name="{foreign_key(table, field)}", ondelete="{field.on_delete}"),'
            for field in references
        ),
        "indexes": _lines(
            f'op.create_index("{index(table, field)}", "{table}", ["{field.name}"])'
            for field in references
        ),
    }


def of_tests(fields: list[Field]) -> dict[str, str]:
    plain = [field for field in fields if not field.target]
    searched = [field for field in fields if field.is_searched]
    change = plain[0]
    modules = sorted(
        f"from tests.domains.{field.target}.factory import {field.maker}"
        for field in fields
        if field.target not in {"", "users"}
    )
    return {
        "factory_imports": "\n".join(modules),
        "samples": "\n".join(f'"{field.name}": {_sample(field)},' for field in fields),
        "change": f"{change.name}={change.other}",
        "change_item": f'"{change.name}": {change.other}',
        "optional_names": _names(field for field in fields if field.is_optional),
        "reference_names": _names(field for field in fields if field.target),
        "decimal_names": _names(field for field in fields if field.limit),
        "decimal_cases": ", ".join(
            f'("{field.name}", {value})'
            for field in fields
            for value in (field.sample, field.limit)
            if field.limit
        ),
        "filter_cases": ", ".join(_filter_case(field) for field in fields if field.is_filter),
        "searched_change": "".join(f"{field.name}={field.other}" for field in searched[:1]),
        "searched_name": "".join(field.name for field in searched[:1]),
    }


def foreign_key(table: str, field: Field) -> str:
    return f"fk_{table}_{field.name}_{field.target}"


def index(table: str, field: Field) -> str:
    return f"ix_{table}_{field.name}"


def _column(field: Field) -> str:
    annotation = f"{field.name}: Mapped[{field.python}{field.or_none}]"
    return f"{annotation} = mapped_column({field.column})" if field.column else annotation


def _default(field: Field) -> str:
    if field.is_optional:
        return " = None"
    return " = False" if field.python == "bool" else ""


def _sample(field: Field) -> str:
    return f"str((await {field.maker}(service)).id)" if field.target else field.sample


def _filter_case(field: Field) -> str:
    another = "{}" if field.target else f'{{"{field.name}": {field.other}}}'
    return f'("{field.name}", {another})'


def _lines(lines: Iterable[str]) -> str:
    """In the block of a class or of a function."""
    return "\n".join(f"    {line}" for line in lines)


def _names(fields: Iterable[Field]) -> str:
    return ", ".join(f'"{field.name}"' for field in fields)


def _sentence(words: list[str]) -> str:
    *first, last = words or [""]
    return f"{', '.join(first)} or {last}" if first else last
