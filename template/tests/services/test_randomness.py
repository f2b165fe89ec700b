"""How many random bytes stand in what nobody may guess."""

import pytest

from app.features.api_keys import service
from app.features.registration import repository

KINDS = {
    "a token of a mail": repository.TOKEN_BYTES,
    "an API key": service.SECRET_BYTES,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_must_not_be_guessed_has_256_bits(kind: str) -> None:
    assert KINDS[kind] * 8 >= 256
