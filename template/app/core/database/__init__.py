"""The database: sessions, engines, migrations, pages and queries."""

from app.core.database.sessions import (
    Base,
    Database,
    ReadSession,
    UtcDateTime,
    WriteSession,
    database_of,
    install,
)

__all__ = [
    "Base",
    "Database",
    "ReadSession",
    "UtcDateTime",
    "WriteSession",
    "database_of",
    "install",
]
