"""Text that every database can store: no NUL, no lone surrogate."""

from typing import Annotated

from pydantic import AfterValidator


def _storable(value: str) -> str:
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("holds a character that is not text")
    return value


StorableText = Annotated[str, AfterValidator(_storable)]
