"""What every repository can do. Queries have names; nothing here commits."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, Row, Select, String, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from app.core.database.pagination import PageQuery
from app.core.database.sessions import Base

TOTAL = "total_rows"
NOTHING: Mapping[str, Any] = {}

type Statement = Select[*tuple[Any, ...]]
type Fetch = Callable[[Executable, Mapping[str, Any]], Awaitable[Sequence[Row[*tuple[Any, ...]]]]]


class Repository[Model: Base]:
    model: type[Model]

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def get(self, identity: UUID | str) -> Model | None:
        return await self.session.get(self.model, identity)

    async def add(self, entity: Model) -> Model:
        """Flushed, so that a violated constraint is raised here and not at the commit."""
        self.session.add(entity)
        await self.session.flush()
        return entity

    async def flush(self) -> None:
        """Sends what has changed, so that a violated constraint is raised here."""
        await self.session.flush()

    async def remove(self, entity: Model) -> None:
        await self.session.delete(entity)
        await self.session.flush()


def paged(statement: Statement) -> Statement:
    """The statement with a window, and the total beside every row.

    The total is a subquery: a window function would carry every row through the sort.
    """
    every = statement.order_by(None).subquery()
    total = select(func.count()).select_from(every).scalar_subquery()
    counted = statement.add_columns(total.label(TOTAL))
    return counted.offset(bindparam("page_skip")).limit(bindparam("page_limit"))


async def fetch_page(
    fetch: Fetch, statement: Statement, query: PageQuery, parameters: Mapping[str, Any] = NOTHING
) -> tuple[list[dict[str, Any]], int]:
    """Runs a `paged` statement; only a page behind the end asks again, for the total."""
    names = statement.selected_columns.keys()[:-1]
    window = {"page_skip": query.skip, "page_limit": query.limit}
    rows = await fetch(statement, {**parameters, **window})
    if rows or query.skip == 0:
        # The total, last in the row, is left out of the mapping.
        return [dict(zip(names, row, strict=False)) for row in rows], rows[0][-1] if rows else 0
    first = await fetch(statement, {**parameters, "page_skip": 0, "page_limit": 1})
    return [], first[0][-1] if first else 0


def like_pattern(text: str) -> str:
    r"""`%text%` in which the wildcards of the text are literal; use with `escape="\\"`."""
    return "%" + re.sub(r"([%_\\])", r"\\\1", text) + "%"


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
