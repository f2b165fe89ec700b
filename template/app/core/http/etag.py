"""Entity tags of single resources (RFC 9110 section 13): a hash of what the client was shown."""

import hashlib
from typing import Annotated

from fastapi import Header, Response
from pydantic import BaseModel

from app.core.http.errors import PreconditionFailed

MAX_HEADER_LENGTH = 1024

IfMatch = Annotated[str | None, Header(max_length=MAX_HEADER_LENGTH)]


def entity_tag(resource: BaseModel) -> str:
    digest = hashlib.sha256(resource.model_dump_json().encode()).hexdigest()
    return f'"{digest[:32]}"'


def tag[Resource: BaseModel](response: Response, resource: Resource) -> Resource:
    response.headers["ETag"] = entity_tag(resource)
    return resource


def check_precondition(if_match: str | None, current: BaseModel) -> None:
    """Raises PreconditionFailed where If-Match names another state than the current one."""
    if if_match is None or if_match.strip() == "*":
        return
    if entity_tag(current) not in {part.strip() for part in if_match.split(",")}:
        raise PreconditionFailed("state_changed", "The resource has changed since it was read.")
