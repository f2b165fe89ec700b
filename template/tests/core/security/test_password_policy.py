"""Passwords of common words are refused, and a breach check sends five characters."""

import asyncio
import hashlib
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from app.core.http.errors import Unprocessable
from app.core.security.password_policy import PasswordPolicy, common_passwords, is_blocked

PASSWORD = "plum otter violin seventy"
NAMES = ("billing-api", "ada.lovelace", "ada@analytical.example")
DIGEST = hashlib.sha1(PASSWORD.encode(), usedforsecurity=False).hexdigest().upper()


@asynccontextmanager
async def ranges(
    body: str = "", status: str = "200 OK"
) -> AsyncIterator[tuple[PasswordPolicy, list[str]]]:
    """A policy with a service of hash ranges on loopback, and the paths that it is asked for."""
    paths: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        paths.append(head.split()[1].decode())
        lines = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
        writer.write(f"{lines}Connection: close\r\n\r\n{body}".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        yield PasswordPolicy(15, f"http://127.0.0.1:{port}/range/"), paths


async def test_a_stolen_password_is_refused_and_stays_here() -> None:
    async with ranges(f"{'0' * 35}:7\r\n{DIGEST[5:]}:3\r\n") as (policy, paths):
        with pytest.raises(Unprocessable) as caught:
            await policy.check(PASSWORD)

    assert caught.value.code == "password_blocked"
    assert paths == [f"/range/{DIGEST[:5]}"]


@pytest.mark.parametrize("line", [f"{'0' * 35}:7", f"{DIGEST[5:]}:0", "", "\ufffd:::"])
@pytest.mark.parametrize("password", [PASSWORD, "xq7 \ud800" * 5 + "k#"])
async def test_another_one_and_padding_pass(password: str, line: str) -> None:
    async with ranges(line) as (policy, paths):
        await policy.check(password)

    assert len(paths) == 1


async def test_no_answer_lets_it_pass(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    for status in ("500 Oops", "302 Found\r\nLocation: /elsewhere"):
        async with ranges(f"{DIGEST[5:]}:3", status) as (policy, paths):
            await policy.check(PASSWORD)
        assert len(paths) == 1
    await policy.check(PASSWORD)

    assert capsysbinary.readouterr().out.count(b"password.breach_check_failed") == 3


async def test_what_is_refused_offline_is_not_asked_for() -> None:
    async with ranges() as (policy, paths):
        with pytest.raises(Unprocessable):
            await policy.check("passwordpassword")

    assert paths == []


def test_the_list_has_thousands_of_entries_of_the_least_length() -> None:
    entries = common_passwords()

    assert sum(len(entry) >= 15 for entry in entries) >= 3_000
    assert sum(len(entry) >= 8 for entry in entries) >= 3_000
    assert all(entry == entry.lower() for entry in entries)


def test_every_entry_is_blocked_in_any_case() -> None:
    entries = sorted(common_passwords())[::50]

    assert [entry for entry in entries if not is_blocked(entry, ())] == []
    assert [entry for entry in entries if not is_blocked(entry.upper(), ())] == []


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword",
        "Password2026!!!!",
        "P4ssw0rd-P4ssw0rd",
        "monkeymonkeymonkey",
        "dragon monkey 1999",
        "Welcome123456789",
        "monkey" * 20,
        "billing-api-2026!",
        "BillingApiBillingApi",
        "ada.lovelace2026",
        "adaadaadaadaada",
        "analytical password",
        "ada@analytical.example",
        "aaaaaaaaaaaaaaa",
        "abcdefghijklmnop",
        "987654321987654321",
        "qwertyuiopasdfgh",
        "abababababababab",
        " " * 15,
        "\ud800" * 15,
        "ｐａｓｓｗｏｒｄ ｐａｓｓｗｏｒｄ",  # noqa: RUF001
    ],
)
def test_what_is_made_of_common_words_is_blocked(password: str) -> None:
    assert is_blocked(password, NAMES)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "plum otter violin seventy",
        "dragon monkey tulip 1999",
        "k7#mQ2vX9pL4wZ8tR",
        "839201748392017",
        "\u65e5\u672c\u8a9e\u306e\u9577\u3044\u5408\u8a00\u8449\u3067\u3059\u3088\u306d\u3048",
        "ada keeps otters in Lisbon",
        "xq7" + "\ud800" * 15,
    ],
)
def test_what_nobody_guesses_is_not(password: str) -> None:
    assert not is_blocked(password, NAMES)


def test_no_text_takes_long() -> None:
    """Texts of many words in many places, up to the longest that a request may hold."""
    choice = random.Random(4).choice  # noqa: S311
    parts = ["pass", "word", "password", "love", "ilove", "1234", "abcd", "a", "1", "qwe"]
    texts = ["".join(choice(parts) for _ in range(length)) for length in (10, 25, 40, 300)]
    texts += ["a" * 1023 + "b", "\ufdfa" * 1024, "ab" * 511 + "c", "password1" * 113 + "x"]

    started = time.process_time()
    for text in texts:
        is_blocked(text, NAMES)

    assert time.process_time() - started < 1.0
