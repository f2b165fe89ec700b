"""Hashing: argon2id, no truncation, no character that breaks it."""

import asyncio
import os
from pathlib import Path

import pytest

from app.core.security import passwords as module
from app.core.security.passwords import Passwords, available_cores

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


@pytest.mark.parametrize(
    ("limit", "available"),
    [
        ("100000 100000\n", 1),
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("1600000 100000\n", 8),
        ("max 100000\n", 8),
        ("nonsense", 8),
        (None, 8),
    ],
)
def test_no_more_are_hashed_at_once_than_the_container_has_cores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str | None, available: int
) -> None:
    file = tmp_path / "cpu.max"
    if limit is not None:
        file.write_text(limit)
    monkeypatch.setattr(module, "CORE_LIMIT", file)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)

    assert available_cores() == available
