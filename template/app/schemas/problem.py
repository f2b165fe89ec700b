from pydantic import MISSING, BaseModel


class InvalidValue(BaseModel):
    loc: list[str | int]
    msg: str
    type: str


class Problem(BaseModel):
    """RFC 9457. The token endpoint adds the members of RFC 6749; a part may add its own."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    """A stable word in snake_case."""
    correlation_id: str | None
    errors: list[InvalidValue] | MISSING = MISSING
