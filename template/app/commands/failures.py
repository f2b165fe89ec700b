"""What a command says of an error that is not its own fault: one sentence, and what to do."""

from alembic.util import CommandError
from sqlalchemy.exc import DBAPIError

from app.core.database.engine_kind import BackupError
from app.core.database.errors import is_schema_error, is_unavailable
from app.core.database.migrations import SchemaBehindError
from app.core.http.errors import AppError
from app.core.settings import ConfigurationError


def sentence(error: Exception) -> str | None:
    """None for what is a fault of the service: its traceback is wanted."""
    if isinstance(error, AppError):
        return error.detail
    if isinstance(error, BackupError | CommandError | ConfigurationError | SchemaBehindError):
        return str(error)
    if isinstance(error, DBAPIError) and is_schema_error(error):
        return "the database has not the tables of this version: run `app db upgrade`"
    if isinstance(error, DBAPIError) and is_unavailable(error):
        return f"the database cannot be asked: {error.orig}"
    if isinstance(error, OSError):
        return f"{error.strerror or error}: {error.filename}" if error.filename else str(error)
    return None
