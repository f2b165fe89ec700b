"""SQL that is spelled differently by the engines."""

from typing import Any

from sqlalchemy import String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class joined(FunctionElement[str]):  # noqa: N801 - a function in SQL
    """The texts of a group with a comma between them, in no order; NULL for an empty group.

    SQLAlchemy's `aggregate_strings` writes its separator into the statement at every execution.
    """

    type = String()
    inherit_cache = True


@compiles(joined)
def _group_concat(element: joined, compiler: Any, **options: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **options)}, ',')"


@compiles(joined, "postgresql")
def _string_agg(element: joined, compiler: Any, **options: Any) -> str:
    return f"string_agg({compiler.process(element.clauses, **options)}, ',')"
