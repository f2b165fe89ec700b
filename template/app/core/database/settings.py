"""Which database: one URL, whose scheme chooses the engine."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from app.core.database.engine_kind import EngineKind
from app.core.database.engines import ENGINES
from app.core.settings import Settings, SettingsGroup


def parse_url(value: str) -> str:
    """Raises ValueError that says which URLs are understood, without repeating the given one."""
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError("not a database URL, e.g. sqlite+aiosqlite:///var/app.db") from None
    for kind in ENGINES:
        if url.drivername in kind.schemes:
            return url.set(drivername=kind.drivername).render_as_string(hide_password=False)
    if url.drivername.startswith("postgres") and len(ENGINES) == 1:
        raise ValueError(
            "this project was rendered without PostgreSQL; add its driver with "
            "`copier update --skip-answered -d database=postgres`"
        )
    understood = ", ".join(kind.drivername for kind in ENGINES)
    raise ValueError(f"the scheme must be one of: {understood}")


class DatabaseSettings(SettingsGroup):
    database_url: Annotated[str, AfterValidator(parse_url)] | None = Field(None, repr=False)
    """The scheme chooses the engine; unset is an SQLite file below DATA_DIR."""

    database_read_url: Annotated[str, AfterValidator(parse_url)] | None = Field(None, repr=False)
    """A replica, which may lag behind; ReadSessionDep reads there."""

    def problems(self) -> Iterator[str]:
        if self.database_url is None and len(ENGINES) > 1:
            yield "DATABASE_URL: production needs one; only development falls back to SQLite"


def database_url(settings: Settings) -> URL:
    configured = settings.group(DatabaseSettings).database_url
    return make_url(configured or f"sqlite+aiosqlite:///{settings.runtime.data_dir}/app.db")


def database_read_url(settings: Settings) -> URL | None:
    configured = settings.group(DatabaseSettings).database_read_url
    return make_url(configured) if configured else None


def engine_kind(url: URL) -> EngineKind:
    return next(kind for kind in ENGINES if kind.drivername == url.drivername)
