"""Codes by RFC 6238, against the vectors of its appendix B, and what is random in them."""

import base64

import pytest

from app.core import clock
from app.features.second_factor import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    step = totp.matching_step(SECRET, code, clock.from_timestamp(seconds))

    assert step == seconds // totp.STEP_SECONDS


@pytest.mark.parametrize(
    "code", ["", "28708", "2870820", " 287082", "287082\n", "\u0662\u0668\u0667\u0660\u0668\u0662"]
)
def test_other_spellings_of_a_code_are_none(code: str) -> None:
    assert totp.matching_step(SECRET, code, clock.from_timestamp(59)) is None


def test_a_seed_and_a_recovery_code_are_never_the_same_twice() -> None:
    seeds = {totp.new_secret() for _ in range(100)}
    codes = {code for _ in range(10) for code in totp.new_recovery_codes()}

    assert len(seeds) == 100
    assert len(codes) == 10 * 10
    assert {len(seed) for seed in seeds} == {32}  # of 32 letters each: 160 bits
