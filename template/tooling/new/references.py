"""What a field may refer to: users, and domains that `app new domain` wrote."""

import re
from dataclasses import replace
from pathlib import Path

from tooling.new.fields import Field
from tooling.new.names import RefusedError

MAKER = re.compile(r"^async def (make_\w+)\(", re.MULTILINE)


def resolved(project: Path, fields: list[Field]) -> list[Field]:
    """Each reference with the function that the tests make a row of its table with."""
    return [
        replace(field, maker=_maker(project, field.target)) if field.target else field
        for field in fields
    ]


def _maker(project: Path, table: str) -> str:
    if table == "users":
        return "make_user"
    factory = project / "tests" / "domains" / table / "factory.py"
    found = MAKER.search(factory.read_text()) if factory.is_file() else None
    if found is None:
        raise RefusedError(f"ref:{table}: a field refers to users or to a domain made this way")
    return found[1]
