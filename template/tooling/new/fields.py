"""Fields as they are written on the command line, and what each becomes in every layer.

`name:type`, `name:type?` for one that may be null: `title:str:120 due:date? owner:ref:users`.
"""

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from pydantic import BaseModel

from app.core.database import Base
from app.core.database.pagination import PageQuery
from app.core.exact_decimal import MAX_PRECISION, ExactDecimal, written
from tooling.new.names import RefusedError, pascal, require_name

DEFAULT_MAX_LENGTH = 200
MAX_STR_LENGTH = 2_000
MAX_TEXT_LENGTH = 10_000
MAKER = re.compile(r"^async def (make_\w+)\(", re.MULTILINE)
DIGITS = re.compile(r"([0-9]{1,2}):([0-9]{1,2})")
SECRETS = {"password", "secret", "token", "refresh_token"}
# Columns of every domain, parameters of every list, and names that the generated modules use.
TAKEN = {"id", "created_at", "updated_at", "version", "order_by", "q", "service", "facts"}
TAKEN |= {"bool", "date", "datetime", "float", "int", "str", "clock", "uuid7"}
TAKEN |= set(PageQuery.model_fields)
TYPES = "str[:max] text int float decimal:<digits>:<places> bool date datetime uuid ref:<table>"


@dataclass(frozen=True)
class Field:
    """Python source throughout; `sample` and `other` are two different values of it in JSON."""

    name: str
    python: str
    sql: str
    body: str
    sample: str
    other: str
    answer: str = ""
    """What a response holds, where it is not `python`."""
    limit: str = ""
    """The lowest decimal, whose neighbours no float could tell apart."""
    column: str = ""
    """Where the annotation does not say it all."""
    alias: str = ""
    """The line that defines `body`."""
    target: str = ""
    """The table that it refers to."""
    maker: str = ""
    """The function of the tests that makes a row of that table."""
    is_optional: bool = False
    is_ordered: bool = False
    is_filter: bool = False

    @property
    def is_searched(self) -> bool:
        return self.python == "str"

    @property
    def on_delete(self) -> str:
        return "SET NULL" if self.is_optional else "RESTRICT"

    @property
    def or_none(self) -> str:
        return " | None" if self.is_optional else ""

    @property
    def default(self) -> str:
        if self.is_optional:
            return " = None"
        return " = False" if self.python == "bool" else ""

    def foreign_key(self, table: str) -> str:
        return f"fk_{table}_{self.name}_{self.target}"


KINDS = {
    "int": Field("", "int", "sa.Integer()", "Int32", "7", "8", is_ordered=True),
    "float": Field("", "float", "sa.Double()", "Number", "1.5", "2.5", is_ordered=True),
    "bool": Field("", "bool", "sa.Boolean()", "StrictBool", "True", "False", is_filter=True),
    "date": Field("", "date", "sa.Date()", "Day", '"2026-01-31"', '"2027-02-28"', is_ordered=True),
    "datetime": Field(
        "",
        "datetime",
        "sa.DateTime(timezone=True)",
        "Moment",
        '"2026-01-31T12:00:00Z"',
        '"2027-02-28T12:00:00Z"',
        column="UtcDateTime",
        is_ordered=True,
    ),
    "uuid": Field(
        "",
        "UUID",
        "sa.Uuid()",
        "UUID",
        '"0198c0de-0000-7000-8000-000000000001"',
        '"0198c0de-0000-7000-8000-000000000002"',
        is_filter=True,
    ),
}


def read(words: list[str], project: Path) -> list[Field]:
    """Raises RefusedError. A reference is to users, or to a domain that `app new domain` wrote."""
    fields = [_field(word, project) for word in words]
    names = [field.name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise RefusedError(f"{name!r} is named twice")
    if all(field.target for field in fields):
        raise RefusedError("a domain has at least one field beside what it refers to")
    return fields


def _field(word: str, project: Path) -> Field:
    name, _, kind = word.removesuffix("?").partition(":")
    kind, _, argument = kind.partition(":")
    require_name(name)
    _require_free(name)
    field = replace(_of_kind(word, name, kind, argument), is_optional=word.endswith("?"))
    if field.target:
        key = f'ForeignKey("{field.target}.id", ondelete="{field.on_delete}"), index=True'
        maker = _maker(project, field.target)
        sample = f"str((await {maker}(service)).id)"
        return replace(field, name=f"{name}_id", column=key, maker=maker, sample=sample)
    return replace(field, name=name)


def _maker(project: Path, table: str) -> str:
    """The function of the tests that makes a row of the table."""
    if table == "users":
        return "make_user"
    factory = project / "tests" / "domains" / table / "factory.py"
    found = MAKER.search(factory.read_text()) if factory.is_file() else None
    if found is None:
        raise RefusedError(f"ref:{table}: a field refers to users or to a domain made this way")
    return found[1]


def _require_free(name: str) -> None:
    if name in SECRETS:
        raise RefusedError(f"{name!r}: a secret is no field that an API answers with")
    if name in TAKEN or hasattr(BaseModel, name) or hasattr(Base, name):
        raise RefusedError(f"{name!r} has a meaning of its own here: choose another name")


def _of_kind(word: str, name: str, kind: str, argument: str) -> Field:
    """Without its name, which the caller knows."""
    if kind == "ref" and argument:
        return _reference(argument)
    if kind == "str":
        length = _length(word, argument)
        column, sql = f"String({length:_})", f"sa.String({length:_})"
        return replace(_text(name, length), column=column, sql=sql, is_ordered=True)
    if kind == "text" and not argument:
        return replace(_text(name, MAX_TEXT_LENGTH), column="Text", sql="sa.Text()")
    if kind == "decimal":
        return _decimal(word, name, argument)
    if kind in KINDS and not argument:
        return KINDS[kind]
    raise RefusedError(f"{word!r} has no type: write name:type with one of {TYPES}")


def _text(name: str, length: int) -> Field:
    alias = f"{pascal(name)}Text"
    bounds = f"{alias} = Annotated[StorableText, Field(min_length=1, max_length={length:_})]"
    sample, other = (f'"{text[:length]}"' for text in ("sample", "other"))
    return Field("", "str", "", alias, sample, other, alias=bounds)


def _decimal(word: str, name: str, argument: str) -> Field:
    precision, scale = _digits(word, argument)
    alias = f"{pascal(name)}Decimal"
    sample, other = (f'"{written(Decimal(count).scaleb(-scale))}"' for count in (1, 2))
    return Field(
        *("", "Decimal", ExactDecimal(precision, scale).migration(), alias, sample, other),
        answer=alias,
        limit=f'"{written(Decimal("-9" + "9" * (precision - 1)).scaleb(-scale))}"',
        column=f"ExactDecimal({precision}, {scale})",
        alias=f"{alias} = Annotated[Decimal, Digits({precision}, {scale})]",
        is_ordered=True,
    )


def _digits(word: str, argument: str) -> tuple[int, int]:
    found = DIGITS.fullmatch(argument)
    precision, scale = (int(found[1]), int(found[2])) if found else (0, 0)
    if not scale <= precision <= MAX_PRECISION or precision == 0:
        raise RefusedError(
            f"{word!r}: decimal:10:2 has 10 digits, 2 of them after the point; "
            f"1 to {MAX_PRECISION} are possible"
        )
    return precision, scale


def _reference(table: str) -> Field:
    require_name(table)
    return Field("", "UUID", "sa.Uuid()", "UUID", "", "", target=table, is_filter=True)


def _length(word: str, argument: str) -> int:
    length = argument or str(DEFAULT_MAX_LENGTH)
    if not length.isascii() or not length.isdigit() or not 1 <= int(length) <= MAX_STR_LENGTH:
        raise RefusedError(f"{word!r}: a str has 1 to {MAX_STR_LENGTH} characters at most")
    return int(length)
