"""Hashing: argon2id, no truncation, no character that breaks it."""

import asyncio

import pytest

from app.core.security.passwords import Passwords

LONG = "correct horse battery staple " * 5


@pytest.fixture
def passwords() -> Passwords:
    return Passwords()


async def test_the_parameters_are_those_that_owasp_asks_for(passwords: Passwords) -> None:
    assert (await passwords.hash(LONG)).startswith("$argon2id$v=19$m=47104,t=1,p=1$")


@pytest.mark.parametrize("position", [0, 72, 127])
async def test_every_character_counts(passwords: Passwords, position: int) -> None:
    hashed = await passwords.hash(LONG)
    changed = LONG[:position] + "#" + LONG[position + 1 :]

    assert await passwords.verify(LONG, hashed) == (True, None)
    assert await passwords.verify(changed, hashed) == (False, None)


@pytest.mark.parametrize(
    "password", ["\ud800" * 15, "\x00" * 15, "p\u00e4ssw\u00f6rt \U0001f511", " " * 15]
)
async def test_any_text_is_a_password(passwords: Passwords, password: str) -> None:
    hashed = await passwords.hash(password)

    assert (await passwords.verify(password, hashed))[0]
    assert not (await passwords.verify(password + " ", hashed))[0]


async def test_case_is_kept(passwords: Passwords) -> None:
    hashed = await passwords.hash(LONG)

    assert not (await passwords.verify(LONG.upper(), hashed))[0]


async def test_without_a_hash_nothing_fits_but_the_work_is_done(passwords: Passwords) -> None:
    assert await passwords.verify(LONG, None) == (False, None)
    assert await passwords.verify(LONG, None) == (False, None)


async def test_hashing_leaves_the_loop_free(passwords: Passwords) -> None:
    """Were the work done on the loop, no turn of it would be seen before the hash is there."""
    hashing = asyncio.create_task(passwords.hash(LONG))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1

    assert turns > 10
