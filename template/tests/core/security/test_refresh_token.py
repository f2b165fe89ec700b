"""Refresh tokens: what parses is what was issued with one of the keys."""

import base64
from uuid import UUID

import pytest

from app.core.security import refresh_token
from app.core.security.refresh_token import RefreshToken

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
SESSION = UUID("0199a1b2-0000-7000-8000-00000000abcd")


def test_a_token_tells_session_and_generation() -> None:
    token = refresh_token.issue(KEY, SESSION, 7)

    assert refresh_token.parse([OTHER_KEY, KEY], token) == RefreshToken(SESSION, 7)


def test_a_token_can_be_issued_again() -> None:
    assert refresh_token.issue(KEY, SESSION, 7) == refresh_token.issue(KEY, SESSION, 7)


def test_a_token_of_another_key_is_none_of_ours() -> None:
    assert refresh_token.parse([KEY], refresh_token.issue(OTHER_KEY, SESSION, 7)) is None


@pytest.mark.parametrize("position", [0, 15, 19, 20, 51])
def test_a_flipped_bit_is_noticed(position: int) -> None:
    data = bytearray(_bytes_of(refresh_token.issue(KEY, SESSION, 7)))
    data[position] ^= 1
    changed = base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    assert refresh_token.parse([KEY], changed) is None


def test_a_second_spelling_of_a_token_is_refused() -> None:
    token = refresh_token.issue(KEY, SESSION, 7)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spelled = token[:-1] + alphabet[alphabet.index(token[-1]) + 1]

    assert _bytes_of(spelled) == _bytes_of(token)
    assert refresh_token.parse([KEY], spelled) is None


@pytest.mark.parametrize("text", ["", "x", "!" * 70, "\u00e9" * 70, "A" * 69, "A" * 71, "A" * 70])
def test_garbage_is_none_of_ours(text: str) -> None:
    assert refresh_token.parse([KEY], text) is None


def _bytes_of(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "==")
