"""How many random bytes stand in what nobody may guess."""

import pytest

from app.features import state_store
from app.features.api_keys import service
from app.features.second_factor import totp

KINDS = {
    "a handle": state_store.HANDLE_BYTES,
    "an API key": service.SECRET_BYTES,
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_must_not_be_guessed_has_256_bits(kind: str) -> None:
    assert KINDS[kind] * 8 >= 256


def test_a_seed_and_a_recovery_code_are_never_the_same_twice() -> None:
    seeds = {totp.new_secret() for _ in range(100)}
    codes = {code for _ in range(10) for code in totp.new_recovery_codes()}

    assert len(seeds) == 100
    assert len(codes) == 10 * totp.RECOVERY_CODES
    assert {len(seed) for seed in seeds} == {32}  # of 32 letters each: 160 bits
