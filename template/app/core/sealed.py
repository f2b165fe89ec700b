"""Columns of what is encrypted at rest: whoever has one says so, and a new key reaches it."""

from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.orm import InstrumentedAttribute


@dataclass(frozen=True)
class SealedColumn:
    name: str
    key: InstrumentedAttribute[UUID]
    """The primary key."""
    value: InstrumentedAttribute[str]
    purpose: Callable[[UUID], str]
    """For which a row was encrypted, by its key."""


def register(app: FastAPI, column: SealedColumn) -> None:
    app.state.sealed_columns.append(column)


def columns_of(app: FastAPI) -> Sequence[SealedColumn]:
    columns: Sequence[SealedColumn] = app.state.sealed_columns
    return columns
