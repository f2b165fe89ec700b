"""Columns that are encrypted at rest; a registered column is reached by a new key."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from fastapi import FastAPI
from sqlalchemy.orm import InstrumentedAttribute

from app.core import registry


@dataclass(frozen=True)
class EncryptedColumn:
    name: str
    key: InstrumentedAttribute[UUID]
    """The primary key."""
    value: InstrumentedAttribute[str]
    purpose: Callable[[UUID], str]
    """For which a row was encrypted, by its key."""


class EncryptedColumns(list[EncryptedColumn]):
    """Every column of the application that is encrypted at rest."""


def register(app: FastAPI, column: EncryptedColumn) -> None:
    registry.get(app, EncryptedColumns).append(column)
