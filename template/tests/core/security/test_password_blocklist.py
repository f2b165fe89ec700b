"""Common passwords and what is made of common words are refused; long phrases are not."""

import random
import time

import pytest

from app.core.security.password_policy import common_passwords, is_blocked

NAMES = ("billing-api", "ada.lovelace", "ada@analytical.example")


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
